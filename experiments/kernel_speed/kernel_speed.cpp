// Times single layers, whole networks, and what the machine could do at best.
//
// A Google Benchmark program. NIBBLE_THREADS sets the threads, NIBBLE_ARCH caps the instructions; use
// --benchmark_filter to choose.
#include "engine/core/parallel.hpp"
#include "engine/kernels/dispatch.hpp"
#include "experiments/kernel_speed/benchmarks.hpp"

int main(int argc, char** argv) {
    nibble::flush_denormals();
    nibble::register_peaks();
    nibble::register_layers();
    nibble::register_activations();
    nibble::register_networks();
    benchmark::AddCustomContext("nibble_arch", nibble::kernels::active().name);
    benchmark::AddCustomContext("nibble_threads", std::to_string(nibble::threads()));
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}

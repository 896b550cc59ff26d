// The program `nibble`.
#include <csignal>

#include "engine/core/parallel.hpp"
#include "experiments/aqt/report.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/fgq/report.hpp"
#include "experiments/mmse/report.hpp"
#include "experiments/pipeline/provenance.hpp"

int main(int argc, char** argv) {
    nibble::flush_denormals();
    std::signal(SIGXFSZ, SIG_IGN);  // a file beyond `ulimit -f` is then a failed write, as on a full disk
    nibble::CommandLine line(nibble::version_line());
    nibble::add_info(line);
    nibble::add_train(line);
    nibble::add_eval(line);
    nibble::add_cells(line);
    nibble::add_run(line);
    nibble::add_stale(line);
    const nibble::Reports reports{
        {"aqt", nibble::aqt::report}, {"fgq", nibble::fgq::report}, {"mmse", nibble::mmse::report}};
    nibble::add_report(line, reports);
    nibble::add_site(line, reports);
    nibble::add_verify(line);
    nibble::add_bless(line);
    nibble::add_quantize(line);
    nibble::add_export(line);
    nibble::add_inspect(line);
    nibble::add_predict(line);
    nibble::add_cost(line);
    return line.run(argc, argv);
}

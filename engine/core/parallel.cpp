#include "engine/core/parallel.hpp"

#include <omp.h>
#include <xmmintrin.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

int checked(long n, const std::string& where) {
    if (n < 1 || n > 1024) throw BadInput(where, "number of threads", "1 to 1024", std::to_string(n));
    return static_cast<int>(n);
}

int& chosen_threads() {
    static int n = [] {
        const char* text = std::getenv("NIBBLE_THREADS");
        if (!text || !*text) return omp_get_num_procs();
        char* end = nullptr;
        const long value = std::strtol(text, &end, 10);
        if (*end) throw BadInput("NIBBLE_THREADS", "value", "a number", text);
        return checked(value, "NIBBLE_THREADS");
    }();
    return n;
}

}  // namespace

int threads() {
    return chosen_threads();
}

void set_threads(int n) {
    chosen_threads() = checked(n, "--threads");
}

void flush_denormals() {
    _mm_setcsr(_mm_getcsr() | 0x8040u);
}

void detail::run_parallel(int most, std::size_t n, void* body, void (*call)(void*, std::size_t, int)) {
    std::exception_ptr error;
    std::mutex mutex;
    const auto total = static_cast<std::ptrdiff_t>(n);
#pragma omp parallel num_threads(std::min(most, threads()))
    {
        flush_denormals();
        const int worker = omp_get_thread_num();
#pragma omp for schedule(static) nowait
        for (std::ptrdiff_t i = 0; i < total; ++i) {
            try {
                call(body, static_cast<std::size_t>(i), worker);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!error) error = std::current_exception();
            }
        }
    }
    if (error) std::rethrow_exception(error);
}

namespace {

/// OpenMP's barrier spins for milliseconds, which a member that has lost its core to another process needs to
/// get one back: this one soon goes to sleep and leaves its core to it.
class Barrier {
  public:
    /// Until `size` threads are here.
    void wait(int size) {
        if (size == 1) return;
        constexpr int kSpins = 2000;
        const unsigned turn = turn_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
            arrived_.store(0, std::memory_order_relaxed);
            turn_.store(turn + 1, std::memory_order_release);
            turn_.notify_all();
            return;
        }
        for (int i = 0; i < kSpins; ++i) {
            if (turn_.load(std::memory_order_acquire) != turn) return;
            _mm_pause();
        }
        turn_.wait(turn, std::memory_order_acquire);
    }

  private:
    std::atomic<int> arrived_ = 0;
    std::atomic<unsigned> turn_ = 0;
};

struct Team {
    Barrier* barrier;
    int size;
};
thread_local Team team_of_thread{};

}  // namespace

void detail::run_team(int most, void* body, void (*call)(void*, int, int)) {
    Barrier barrier;
#pragma omp parallel num_threads(std::min(most, threads()))
    {
        flush_denormals();
        const Team outer = std::exchange(team_of_thread, {&barrier, omp_get_num_threads()});
        call(body, omp_get_thread_num(), omp_get_num_threads());
        team_barrier();  // so that nobody waits long in the one that ends a parallel region
        team_of_thread = outer;
    }
}

void team_barrier() {
    team_of_thread.barrier->wait(team_of_thread.size);
}

namespace {

template <class T>
void pairwise(T* arrays, std::size_t length, std::size_t count, std::size_t begin, std::size_t end) {
    for (std::size_t step = 1; step < count; step *= 2)
        for (std::size_t i = 0; i + step < count; i += 2 * step) {
            T* to = arrays + i * length;
            const T* from = arrays + (i + step) * length;
            for (std::size_t j = begin; j < end; ++j) to[j] += from[j];
        }
}

template <class T>
void sum_all(std::span<T> arrays, std::size_t count) {
    if (count == 0) return;
    const std::size_t length = arrays.size() / count;
    pairwise(arrays.data(), length, count, 0, length);
}

}  // namespace

void tree_sum(std::span<float> arrays, std::size_t count) {
    sum_all(arrays, count);
}
void tree_sum(std::span<double> arrays, std::size_t count) {
    sum_all(arrays, count);
}

void tree_sum(float* arrays, std::size_t length, std::size_t count, std::size_t begin, std::size_t end) {
    pairwise(arrays, length, count, begin, end);
}

}  // namespace nibble

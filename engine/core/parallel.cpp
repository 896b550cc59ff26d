#include "engine/core/parallel.hpp"

#include <omp.h>
#include <pthread.h>
#include <xmmintrin.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

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

/// Bytes of a worker's stack as OMP_STACKSIZE says ("8M", "64 k", in KiB without a unit); 0: the system's.
std::size_t stack_bytes() {
    const char* text = std::getenv("OMP_STACKSIZE");
    if (!text) return 0;
    char* unit = nullptr;
    const unsigned long long number = std::strtoull(text, &unit, 10);
    while (std::isspace(static_cast<unsigned char>(*unit))) ++unit;
    switch (std::toupper(static_cast<unsigned char>(*unit))) {
        case 'B':
            return number;
        case 'M':
            return number << 20;
        case 'G':
            return number << 30;
        default:
            return number << 10;
    }
}

/// Starts n threads that live at the same time; gives how many started and why not more.
std::pair<int, int> start_on_trial(int n) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (const std::size_t bytes = stack_bytes()) pthread_attr_setstacksize(&attributes, bytes);
    std::mutex gate;
    gate.lock();
    const auto wait = [](void* at) -> void* {
        const std::lock_guard passed(*static_cast<std::mutex*>(at));
        return nullptr;
    };
    std::vector<pthread_t> started;
    int reason = 0;
    for (pthread_t thread; static_cast<int>(started.size()) < n; started.push_back(thread))
        if ((reason = pthread_create(&thread, &attributes, wait, &gate)) != 0) break;
    gate.unlock();
    for (const pthread_t thread : started) pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
    return {static_cast<int>(started.size()), reason};
}

/// The size of a team of at most `most`. OpenMP ends the program, in words of its own, where a thread does not
/// start: so the largest team yet is started on trial.
int team_size(int most) {
    static std::mutex mutex;
    static std::atomic<int> tried = 1;
    const int size = std::min(most, threads());
    if (size <= tried.load(std::memory_order_acquire)) return size;
    const std::lock_guard lock(mutex);
    const auto [started, reason] = start_on_trial(size - 1);
    if (started < size - 1)
        throw Unsupported("only " + std::to_string(started + 1) + " of " + std::to_string(size) +
                          " threads start here (" + std::strerror(reason) +
                          "): give --threads, or raise the limit (ulimit -u, ulimit -v, OMP_STACKSIZE)");
    tried.store(std::max(size, tried.load()), std::memory_order_release);
    return size;
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
    const int size = team_size(most);
#pragma omp parallel num_threads(size)
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
    const int size = team_size(most);
#pragma omp parallel num_threads(size)
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

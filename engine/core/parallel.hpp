// Threads and reductions of fixed shape.
//
// Work is cut into chunks that depend on sizes alone; threads take whole chunks. So the number of threads
// changes who computes a value, never the value.
#pragma once

#include <cstddef>
#include <exception>
#include <limits>
#include <span>
#include <type_traits>

namespace nibble {

/// Number of worker threads: what set_threads() said, or NIBBLE_THREADS, or all cores. Throws BadInput when
/// that variable is no such number.
int threads();
/// Throws BadInput unless 1 <= n <= 1024.
void set_threads(int n);

/// Sets flush-to-zero and denormals-are-zero for the calling thread: AMX forces both, so they are part of the
/// definition of every float result. The main thread calls it first; parallel_for does it for its workers.
void flush_denormals();

/// Workers in any number, that is threads().
inline constexpr int kAllThreads = std::numeric_limits<int>::max();

namespace detail {
void run_parallel(int most, std::size_t n, void* body,
                  void (*call)(void* body, std::size_t index, int worker));
void run_team(int most, void* body, void (*call)(void* body, int member, int size));
}  // namespace detail

/// Calls body(member, size) in all workers, `most` of them, at the same time; they may meet at
/// team_barrier(). The body must not throw. Throws Unsupported where so many threads do not start (limits of
/// memory or processes).
template <class Body>
void team(Body&& body, int most = kAllThreads) {
    void* erased = const_cast<void*>(static_cast<const void*>(&body));
    detail::run_team(most, erased, [](void* b, int member, int size) {
        (*static_cast<std::remove_reference_t<Body>*>(b))(member, size);
    });
}

/// Inside team(): waits until every member is here.
void team_barrier();

/// Calls body(index) or body(index, worker) for every index in [0, n); worker is in [0, threads()) and below
/// `most`, for those who prepared something for so many workers.
/// An exception thrown by the body is rethrown here, one of them if several. Throws Unsupported as team().
template <class Body>
void parallel_for(std::size_t n, Body&& body, int most = kAllThreads) {
    // A constant body stays constant: the cast back below restores its type.
    void* erased = const_cast<void*>(static_cast<const void*>(&body));
    detail::run_parallel(most, n, erased, [](void* b, std::size_t index, int worker) {
        auto& f = *static_cast<std::remove_reference_t<Body>*>(b);
        if constexpr (std::is_invocable_v<Body&, std::size_t, int>)
            f(index, worker);
        else
            f(index);
    });
}

/// Sums `count` arrays of equal length lying one after the other, pairwise: (0+1)+(2+3)... The result
/// replaces the first array; the others are scratch. The shape of the tree depends on `count` alone.
void tree_sum(std::span<float> arrays, std::size_t count);
void tree_sum(std::span<double> arrays, std::size_t count);

/// The same for elements [begin, end) of `count` arrays of `length`, so that threads can share the work.
void tree_sum(float* arrays, std::size_t length, std::size_t count, std::size_t begin, std::size_t end);

}  // namespace nibble

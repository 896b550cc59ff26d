#include "engine/core/parallel.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <limits>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"

using namespace nibble;

namespace {

/// Restores the number of threads, whatever a test does.
struct WithThreads {
    int before = threads();
    explicit WithThreads(int n) { set_threads(n); }
    ~WithThreads() { set_threads(before); }
};

/// Sums `chunks` chunks of 1000 numbers: sequentially within a chunk, pairwise over chunks.
float chunked_sum(std::size_t chunks) {
    std::vector<float> partial(chunks);
    parallel_for(chunks, [&](std::size_t chunk) {
        Random random(1, Purpose::test, 0, static_cast<std::uint32_t>(chunk));
        for (int i = 0; i < 1000; ++i) partial[chunk] += random.normal();
    });
    tree_sum(partial, chunks);
    return partial[0];
}

}  // namespace

TEST_CASE("a chunked sum has the same bits for 1, 2 and 3 threads") {
    for (std::size_t chunks : {1u, 2u, 7u, 64u, 65u}) {
        std::vector<float> sums;
        for (int n : {1, 2, 3}) {
            const WithThreads guard(n);
            sums.push_back(chunked_sum(chunks));
        }
        CHECK(sums[0] == sums[1]);
        CHECK(sums[0] == sums[2]);
    }
}

TEST_CASE("tree_sum adds pairwise, in the documented order") {
    // With these magnitudes every other order of additions gives another result.
    const std::vector<float> x{1e8f, 3.0f, -1e8f, 5.0f, 0.25f};
    std::vector<float> sum = x;
    tree_sum(sum, 5);
    const float pairs01 = x[0] + x[1], pairs23 = x[2] + x[3];
    CHECK(sum[0] == (pairs01 + pairs23) + x[4]);
    CHECK(sum[0] != (((x[0] + x[1]) + x[2]) + x[3]) + x[4]);
}

TEST_CASE("tree_sum adds arrays element by element, in float and in double") {
    std::vector<double> arrays{1, 2, 10, 20, 100, 200};
    tree_sum(arrays, 3);
    CHECK(arrays[0] == 111);
    CHECK(arrays[1] == 222);
    std::vector<float> one{4, 5};
    tree_sum(one, 1);
    CHECK(one == std::vector<float>{4, 5});
    tree_sum(std::span<float>{}, 0);
}

TEST_CASE("parallel_for visits every index once, with workers in range") {
    for (int n : {1, 2, 5}) {
        const WithThreads guard(n);
        std::vector<std::atomic<int>> visits(1003);
        std::atomic<int> out_of_range = 0;
        parallel_for(visits.size(), [&](std::size_t i, int worker) {
            ++visits[i];
            if (worker < 0 || worker >= n) ++out_of_range;
        });
        int wrong = 0;
        for (const auto& v : visits) wrong += v != 1;
        CHECK(wrong == 0);
        CHECK(out_of_range == 0);
    }
    parallel_for(0, [](std::size_t) { FAIL("called for an empty range"); });
}

TEST_CASE("an exception in a worker reaches the caller, with its type") {
    for (int n : {1, 3}) {
        const WithThreads guard(n);
        const auto body = [](std::size_t i) {
            if (i == 41) throw BadInput("image 41 is corrupt");
        };
        CHECK_THROWS_WITH_AS(parallel_for(100, body), "image 41 is corrupt", BadInput);
        std::atomic<int> visits = 0;
        parallel_for(10, [&](std::size_t) { ++visits; });  // the pool still works
        CHECK(visits == 10);
    }
}

TEST_CASE("denormals are flushed in every worker") {
    const WithThreads guard(3);
    std::vector<float> result(30, 1.0f);
    volatile float smallest = std::numeric_limits<float>::min();
    volatile float half = 0.5f;
    parallel_for(result.size(), [&](std::size_t i) { result[i] = smallest * half; });
    for (float x : result) CHECK(x == 0.0f);
}

TEST_CASE("an impossible number of threads is refused") {
    CHECK_THROWS_AS(set_threads(0), BadInput);
    CHECK_THROWS_AS(set_threads(-1), BadInput);
    CHECK_THROWS_AS(set_threads(1025), BadInput);
}

TEST_CASE("team: every member is there once, all at the same time") {
    for (int n : {1, 2, 3, 5}) {
        const WithThreads guard(n);
        std::vector<std::atomic<int>> calls(static_cast<std::size_t>(n));
        std::atomic<int> wrong = 0;
        team([&](int member, int size) {
            if (size != n || member < 0 || member >= n)
                ++wrong;
            else
                ++calls[static_cast<std::size_t>(member)];
        });
        CHECK(wrong == 0);
        for (const auto& c : calls) CHECK(c == 1);
    }
}

TEST_CASE("most: never more workers, whatever the number of threads") {
    const WithThreads guard(4);
    std::atomic<int> wrong = 0, members = 0;
    parallel_for(
        100, [&](std::size_t, int worker) { wrong += worker >= 2; }, 2);
    team(
        [&](int member, int size) {
            ++members;
            wrong += size != 2 || member >= 2;
            team_barrier();
        },
        2);
    CHECK(members == 2);
    CHECK(wrong == 0);
}

TEST_CASE("team_barrier: what members wrote before it, all see after it") {
    constexpr int kRounds = 300;
    for (int n : {1, 2, 4}) {
        const WithThreads guard(n);
        std::vector<int> written(static_cast<std::size_t>(n), -1);  // plain ints: the barrier must order them
        std::atomic<int> wrong = 0;
        team([&](int member, int size) {
            for (int round = 0; round < kRounds; ++round) {
                written[static_cast<std::size_t>(member)] = round;
                team_barrier();
                for (int other = 0; other < size; ++other)
                    if (written[static_cast<std::size_t>(other)] != round) ++wrong;
                team_barrier();
            }
        });
        CHECK(wrong == 0);
    }
}

TEST_CASE("team: within other workers each is a team of its own, and denormals are zero in all members") {
    const WithThreads guard(3);
    std::atomic<int> wrong = 0, calls = 0;
    parallel_for(3, [&](std::size_t) {
        team([&](int member, int size) {
            ++calls;
            if (member != 0 || size != 1) ++wrong;
            team_barrier();
        });
    });
    CHECK(calls == 3);
    CHECK(wrong == 0);
    std::atomic<int> denormals = 0;
    team([&](int, int) {
        volatile float tiny = 1e-38f;
        const float smaller = tiny / 16;
        if (smaller != 0) ++denormals;
    });
    CHECK(denormals == 0);
}

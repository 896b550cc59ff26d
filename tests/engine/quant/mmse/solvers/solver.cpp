// Properties of every solver.
#include "engine/quant/mmse/solvers/solver.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "engine/quant/mmse/solvers/alternating.hpp"
#include "engine/quant/mmse/solvers/grid.hpp"
#include "engine/quant/mmse/solvers/max_abs.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::mmse {
namespace {

Codes full(int bits) {
    return {-(1 << (bits - 1)), (1 << (bits - 1)) - 1};
}

Codes unsigned_codes(int bits) {
    return {0, (1 << bits) - 1};
}

TEST_CASE("solvers: the error is that of the definition, at a scale that can be stored") {
    for (std::uint32_t stream = 0; stream < 240; ++stream)
        for (const Solver solver : kSolvers)
            for (const Signs signs : {Signs::positive, Signs::both}) {
                const std::vector<float> t = test::random_tensor(stream, 100);
                const Codes codes = full(2 + static_cast<int>(stream % 7));
                const Scale found = solve(Distribution(t), codes, solver, signs);
                long double error = 0, norm = 0;
                for (float v : t) {
                    const int code = code_of(v, found.alpha, codes);
                    CHECK(std::isfinite(static_cast<float>(code) * found.alpha));
                    const long double left = v - static_cast<long double>(found.alpha) * code;
                    error += left * left;
                    norm += static_cast<long double>(v) * v;
                }
                CAPTURE(stream);
                CAPTURE(to_string(solver));
                CHECK((found.alpha == 0 || std::isnormal(found.alpha)));
                CHECK(std::abs(found.error - error) <= 1e-12L * error + 0x1p-90L * norm);
                if (signs == Signs::positive) CHECK(found.alpha >= 0);
            }
}

TEST_CASE("solvers: an estimate is no further off than it says, and sharp enough to be of use") {
    for (std::uint32_t stream = 0; stream < 120; ++stream) {
        const Distribution t(test::random_tensor(stream, 3000));
        for (const Codes codes : {full(2), full(4), full(8), unsigned_codes(8), Codes{-1, 1}})
            for (double share : {1e-3, 0.03, 0.2, 0.7, 1.3, 3.0}) {
                const float alpha =
                    storable(share * static_cast<double>(t.magnitude()) / codes.highest, codes);
                const Estimate e = estimate(t, codes, alpha);
                CHECK(std::abs(e.error - evaluate(t, codes, alpha).error) <= e.uncertainty);
                CHECK(e.uncertainty <= 1e-6 * std::max(t.squared_norm().value(), e.error));
            }
    }
}

TEST_CASE("grid: the best of all candidates, though most are not evaluated") {
    for (std::uint32_t stream = 0; stream < 240; ++stream) {
        const Distribution t(test::random_tensor(stream, 400));
        const Codes codes = stream % 2 ? full(2 + static_cast<int>(stream % 7)) : unsigned_codes(4);
        const Scale largest = max_abs(t, codes);
        Scale best = largest;
        for (int j = 1; j < kGridCandidates && largest.alpha != 0; ++j) {
            const Scale scale =
                evaluate(t, codes, storable(static_cast<double>(largest.alpha) * j / kGridCandidates, codes));
            if (better(scale, best)) best = scale;
        }
        const Scale found = grid(t, codes);
        CAPTURE(stream);
        CHECK(found.alpha == best.alpha);
        CHECK(found.error == best.error);
    }
}

TEST_CASE("solvers: scaling by a power of two scales alpha and the error exactly") {
    for (std::uint32_t stream = 0; stream < 120; ++stream) {
        if (stream % 12 >= 8 && stream % 12 <= 10) continue;  // would leave the range of floats
        const std::vector<float> t = test::random_tensor(stream, 200);
        std::vector<float> scaled = t;
        for (float& v : scaled) v *= 0x1p-9f;
        for (const Solver solver : kSolvers) {
            const Scale a = solve(Distribution(t), full(4), solver, Signs::both);
            const Scale b = solve(Distribution(scaled), full(4), solver, Signs::both);
            CHECK(b.alpha == a.alpha * 0x1p-9f);
            CHECK(b.error == a.error * 0x1p-18);
        }
    }
}

TEST_CASE("solvers: negated tensors have negated scales where both signs are tried") {
    for (std::uint32_t stream = 0; stream < 120; ++stream) {
        const std::vector<float> t = test::random_tensor(stream, 50);
        std::vector<float> negated = t;
        for (float& v : negated) v = -v;
        for (const Solver solver : {Solver::exact, Solver::grid}) {
            const Scale a = solve(Distribution(t), full(3), solver, Signs::both);
            const Scale b = solve(Distribution(negated), full(3), solver, Signs::both);
            CHECK(a.error == b.error);
            CHECK(std::abs(a.alpha) == std::abs(b.alpha));
        }
    }
}

TEST_CASE("solvers: the order of the values changes nothing") {
    for (std::uint32_t stream = 0; stream < 60; ++stream) {
        const std::vector<float> t = test::random_tensor(stream, 1000);
        const auto order =
            permutation(static_cast<std::uint32_t>(t.size()), Random(3, Purpose::test, 1, stream));
        std::vector<float> shuffled;
        for (std::uint32_t i : order) shuffled.push_back(t[i]);
        for (const Solver solver : kSolvers) {
            const Scale a = solve(Distribution(t), full(4), solver, Signs::both);
            const Scale b = solve(Distribution(shuffled), full(4), solver, Signs::both);
            CHECK(a.alpha == b.alpha);
            CHECK(a.error == b.error);
        }
    }
}

TEST_CASE("solvers: one more bit never makes the best error larger") {
    for (std::uint32_t stream = 0; stream < 120; ++stream) {
        const Distribution t(test::random_tensor(stream, 100));
        for (int bits = 2; bits < 8; ++bits) {
            CHECK(solve(t, full(bits + 1), Solver::exact, Signs::both).error <=
                  solve(t, full(bits), Solver::exact, Signs::both).error);
            CHECK(solve(t, unsigned_codes(bits + 1), Solver::exact, Signs::positive).error <=
                  solve(t, unsigned_codes(bits), Solver::exact, Signs::positive).error);
        }
    }
}

TEST_CASE(
    "solvers: one more code never makes the best error larger, so the full range is at least the narrow") {
    for (std::uint32_t stream = 0; stream < 120; ++stream) {
        const Distribution t(test::random_tensor(stream, 100));
        for (int bits = 2; bits <= 8; ++bits) {
            const Codes wide = full(bits), narrow{wide.lowest + 1, wide.highest};
            CHECK(solve(t, wide, Solver::exact, Signs::positive).error <=
                  solve(t, narrow, Solver::exact, Signs::positive).error);
        }
    }
}

TEST_CASE("alternating: ends where neither half can be improved, never above its start") {
    for (std::uint32_t stream = 0; stream < 120; ++stream) {
        const Distribution t(test::random_tensor(stream, 300));
        const Scale start = solve(t, full(4), Solver::max_abs, Signs::positive);
        const Scale end = alternating(t, full(4));
        CHECK(end.error <= start.error);
        if (end.alpha > 0) CHECK(alternating(t, full(4), end).error == end.error);
    }
}

TEST_CASE("solvers: values that are not finite are refused, subnormal ones are zeros") {
    const float infinity = std::numeric_limits<float>::infinity();
    for (float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()})
        CHECK_THROWS_WITH_AS(Distribution(std::vector<float>{1, bad}), doctest::Contains("finite"), BadInput);
    const Distribution tiny(std::vector<float>{0, 1e-40f, -1e-40f});
    CHECK(tiny.size() == 1);
    CHECK(tiny.all().count == 3);
    for (const Solver solver : kSolvers) CHECK(solve(tiny, full(4), solver, Signs::both).alpha == 0);
}

}  // namespace
}  // namespace nibble::mmse

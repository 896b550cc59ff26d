#include "engine/quant/fgq/method.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"

namespace nibble::fgq {
namespace {

TEST_CASE("fgq methods: every setting is written and read back") {
    for (int group : {2, 4, 63, 4096})
        for (int bits : {0, 2, 4, 8})
            for (const Rule rule : kRules)
                for (bool first : {false, true}) {
                    const Method m{group, bits, first, rule};
                    CHECK(method_from(to_string(m)) == m);
                }
    CHECK(to_string(Method{}) == "g4a8");
    CHECK(to_string(Method{64, 0, true, Rule::twn}) == "g64-twn-t");
    CHECK(to_string(Method{16, 4, false, Rule::exponential}) == "g16a4-exp");
}

TEST_CASE("fgq methods: anything else is refused") {
    for (const char* text : {"", "g", "4a8", "g1a8", "g4097a8", "g4a1", "g4a9", "g4a0", "g04a8", "g4a8-",
                             "g4a8-t-twn", "g4a8-t-t", "g4a8-ternary", "G4a8", "g4a8 ", "g4w2"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(method_from(text), BadInput);
    }
}

}  // namespace
}  // namespace nibble::fgq

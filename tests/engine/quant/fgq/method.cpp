#include "engine/quant/fgq/method.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"

namespace nibble::fgq {
namespace {

constexpr Norms kNorms[] = {Norms::estimated, Norms::plain, Norms::matched, Norms::old};

TEST_CASE("fgq methods: every setting is written and read back") {
    for (int group : {2, 4, 63, 4096})
        for (int bits : {0, 2, 4, 8})
            for (const Rule rule : kRules)
                for (bool first : {false, true})
                    for (const Norms norms : kNorms)
                        for (const Exponents exponents : {Exponents::least_error, Exponents::maximum}) {
                            if (bits == 0 && exponents == Exponents::maximum) continue;
                            const Method m{group, 0, bits, rule, first, exponents, norms};
                            CHECK(method_from(to_string(m)) == m);
                        }
    for (int weights : {2, 4, 8})
        for (int bits : {0, 2, 8})
            for (const Norms norms : kNorms) {
                const Method m{.weight_bits = weights, .activation_bits = bits, .norms = norms};
                CHECK(method_from(to_string(m)) == m);
            }
    CHECK(to_string(Method{}) == "f32");
    CHECK(method_from("f32") == Method{});
    CHECK(to_string(Method{64, 0, 4, Rule::twn, true, Exponents::maximum, Norms::old}) ==
          "g64a4-twn-t-emax-oldbn");
    CHECK(to_string(Method{.group = 16, .activation_bits = 4, .rule = Rule::exponential}) == "g16a4-exp");
    CHECK(to_string(Method{.weight_bits = 4, .activation_bits = 8}) == "w4a8");
}

TEST_CASE("fgq methods: anything else is refused") {
    for (const char* text : {"",
                             "g",
                             "4a8",
                             "g1a8",
                             "g4097a8",
                             "g4a1",
                             "g4a9",
                             "g4a0",
                             "g04a8",
                             "g4a8-",
                             "g4a8-t-twn",
                             "g4a8-t-t",
                             "g4a8-ternary",
                             "G4a8",
                             "g4a8 ",
                             "g4w2",
                             "f32-oldbn",
                             "g4a8-oldbn-plainbn",
                             "g4a8-rawbn",
                             "g4-emax",
                             "g4a8-oldbn-emax",
                             "w9a8",
                             "w1a8",
                             "w4a8-t",
                             "w4a8-twn",
                             "a8",
                             "g4a8-oldbn-t"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(method_from(text), BadInput);
    }
}

}  // namespace
}  // namespace nibble::fgq

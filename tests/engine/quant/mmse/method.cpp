#include "engine/quant/mmse/method.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"

using namespace nibble;
using mmse::method_from;

TEST_CASE("each method has one text, and the text is the method") {
    for (const char* text : {"f32",
                             "w4e8",
                             "w4",
                             "a4e8",
                             "a4",
                             "w4a4e8",
                             "w4a4",
                             "w8a8",
                             "w4a8e8",
                             "w8a4e8",
                             "w2e8-pt",
                             "w4e8-pt-wmaxabs",
                             "w8a8-pt-cle-wmaxabs",
                             "a4e8-cle",
                             "w4a8e8-cle-dual10-bc",
                             "w4e8-walternating",
                             "w4e8-wgolden",
                             "w4e8-wgrid",
                             "w4e8-dual10",
                             "w4-dual100",
                             "w4a4e8-wmaxabs-amaxabs",
                             "a4e8-akl",
                             "a4e8-aaciq",
                             "a4e8-apercentile99.9",
                             "a4-apercentile100",
                             "w4a4e8-r8",
                             "w4a4e8-cal64",
                             "w4e8-refined",
                             "w4e8-dual10-bn-refined-cal64",
                             "a4-bc",
                             "w4-bn",
                             "w4-bnfloat",
                             "w4-bnplain",
                             "w4e8-wmaxabsfull",
                             "w3a8e8-unbiased",
                             "w4a8e8-gptq",
                             "w3a8e8-unbiased-gptq",
                             "w4a4e8-pt-gptq-bc",
                             "w4e8-wmaxabs-gptq-cal64",
                             "w4a4-gptq-akl-r8-bnfloat-refined",
                             "w4-dual10-unbiased-bc-refined-cal64",
                             "w4a4e8-wgrid-dual5-apercentile99.99-r8-cal1024"})
        CHECK(to_string(method_from(text)) == text);
    const mmse::Method m = method_from("w3a5e8-pt-wgrid-akl-r6-cal16");
    CHECK(m.weight_bits == 3);
    CHECK(m.activation_bits == 5);
    CHECK(m.wide_ends);
    CHECK(m.per_tensor);
    CHECK(m.solver == mmse::Solver::grid);
    CHECK(m.clipping == mmse::Clipping::kl);
    CHECK(m.residual_bits == 6);
    CHECK(m.images == 16);
}

TEST_CASE("what is unknown, written otherwise, without effect or impossible is refused") {
    for (const char* text : {"",
                             "w4-bn-bc",
                             "w4-cle-bn",
                             "w4-cle-bnfloat",
                             "w4-cle-pt",
                             "f32-cle",
                             "-cle",
                             "a4-unbiased",
                             "w4-unbiased-bn",
                             "a4-gptq",
                             "w4-dual10-gptq",
                             "w4-bc-gptq",
                             "w4-gptq-gptq",
                             "f32-gptq",
                             "w4-unbiased-dual10",
                             "w4-wmaxabs-wmaxabsfull",
                             "w4-plain",
                             "w4-bnfloat-bc",
                             "e8",
                             "w",
                             "w1",
                             "w9",
                             "w04",
                             "w4a",
                             "w4a1",
                             "w4a9",
                             "a4w4",
                             "w8e8",
                             "w8a8e8",
                             "W4",
                             "w4 ",
                             "w4e4",
                             "w4-",
                             "w4e8-",
                             "w4-magic",
                             "w4e8-wexact",
                             "w4e8-wgrid-pt",
                             "w4e8-pt-pt",
                             "w4e8-wgrid-wgolden",
                             "w4e8-dual0",
                             "w4e8-dual101",
                             "w4e8-dual",
                             "w4e8-pt-dual10",
                             "w4e8-dual1.5",
                             "a4e8-pt",
                             "a4e8-wgrid",
                             "a4e8-dual10",
                             "w4e8-akl",
                             "w4e8-ammse",
                             "w4a4-akl-aaciq",
                             "a4e8-apercentile",
                             "a4e8-apercentile0",
                             "a4e8-apercentile101",
                             "a4e8-apercentile99.90",
                             "a4e8-r8",
                             "w4e8-r8",
                             "w4a4-r1",
                             "w4a4-r9",
                             "w4a4-cal512",
                             "w4a4-cal0",
                             "w4a4-cal-5",
                             "w4e8-cal64",
                             "f32-pt",
                             "f32e8",
                             "a4-refined",
                             "w4-bc-bn",
                             "w4-refined-bc",
                             "-bn",
                             "f32-cal64"})
        CHECK_THROWS_AS(method_from(text), BadInput);
}

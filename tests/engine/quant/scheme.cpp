#include "engine/quant/scheme.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

bool is_valid(const Scheme& s) {
    try {
        check(s);
        return true;
    } catch (const BadInput&) {
        return false;
    }
}

/// Every combination of fields, sensible or not.
std::vector<Scheme> all_schemes() {
    std::vector<Scheme> all;
    for (Kind kind : {Kind::uniform, Kind::sum, Kind::ternary})
        for (int bits = 1; bits <= 9; ++bits)
            for (bool is_signed : {false, true})
                for (Range range : {Range::full, Range::narrow})
                    for (Granularity granularity :
                         {Granularity::tensor, Granularity::channel, Granularity::group})
                        for (int group : {-1, 0, 1, 2, 3, 64, 1 << 20, (1 << 20) + 1})
                            for (int terms = 0; terms <= 5; ++terms)
                                for (int zero_point : {-1, 0, 1, 2, 3, 128, 255, 256})
                                    all.push_back({kind, bits, is_signed, range, granularity, group, terms,
                                                   zero_point});
    return all;
}

TEST_CASE("scheme: every valid one has a name of its own that leads back to it") {
    std::set<std::string> names;
    std::size_t valid = 0;
    for (const Scheme& s : all_schemes()) {
        if (!is_valid(s)) continue;
        ++valid;
        const std::string name = to_string(s);
        CAPTURE(name);
        CHECK(scheme_from(name) == s);
        CHECK(names.insert(name).second);
    }
    // 7 widths x (signed full, signed narrow, unsigned) x (uniform, sums of 2, 3, 4), and ternary;
    // each per tensor, per channel and with 4 sizes of groups. Unsigned codes that are no sum have zero points
    // below 2^bits, not the middle: of those tried, 1 and 3 for 2 bits, 1, 2, 3 for 3 to 7 bits, 255 besides for 8.
    const int zero_points = 2 + 3 + 3 + 3 + 3 + 3 + 4;
    CHECK(valid == (7 * 3 * 4 + 1 + zero_points) * 6);
}

TEST_CASE("scheme: the names of the documentation") {
    CHECK(to_string(Scheme{.bits = 4}) == "s4-pc");
    CHECK(to_string(Scheme{.bits = 8, .range = Range::narrow}) == "s8n-pc");
    CHECK(to_string(Scheme{.bits = 4, .is_signed = false, .granularity = Granularity::tensor}) == "u4-pt");
    CHECK(to_string(Scheme{.kind = Kind::sum, .bits = 4, .terms = 2}) == "s4x2-pc");
    CHECK(to_string(Scheme{.kind = Kind::ternary,
                           .bits = 2,
                           .range = Range::narrow,
                           .granularity = Granularity::group,
                           .group = 64}) == "t-g64");
}

TEST_CASE("scheme: the range of codes") {
    for (int bits = 2; bits <= 8; ++bits) {
        int codes = 1;
        for (int b = 0; b < bits; ++b) codes *= 2;
        const Scheme full{.bits = bits}, narrow{.bits = bits, .range = Range::narrow},
            positive{.bits = bits, .is_signed = false};
        CHECK(full.lowest() == -codes / 2);
        CHECK(full.highest() == codes / 2 - 1);
        CHECK(narrow.lowest() == -narrow.highest());
        CHECK(narrow.highest() == full.highest());
        CHECK(positive.lowest() == 0);
        CHECK(positive.highest() == codes - 1);
    }
    CHECK(scheme_from("t-pc").lowest() == -1);
    CHECK(scheme_from("t-pc").highest() == 1);
}

TEST_CASE("scheme: anything else is refused in one line") {
    for (const char* text : {"",
                             "s",
                             "s4",
                             "s4-",
                             "s4-p",
                             "s4-pcx",
                             "S4-pc",
                             "s4-pc ",
                             " s4-pc",
                             "s1-pc",
                             "s9-pc",
                             "s0-pc",
                             "s04-pc",
                             "s+4-pc",
                             "s-4-pc",
                             "s4.0-pc",
                             "u4n-pc",
                             "s4x-pc",
                             "s4x1-pc",
                             "s4x5-pc",
                             "s4x0-pc",
                             "s4nx-pc",
                             "s4x2n-pc",
                             "t2-pc",
                             "tn-pc",
                             "tx2-pc",
                             "t-g",
                             "t-g0",
                             "t-g1",
                             "t-g-4",
                             "t-g04",
                             "t-g4 ",
                             "t-g4-pc",
                             "t-g1048577",
                             "s4-g99999999999999999999",
                             "s99999999999999999999-pc",
                             "t",
                             "u-pc",
                             "x4-pc",
                             "s4-pc\n"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(scheme_from(text), BadInput);
        try {
            scheme_from(text);
        } catch (const BadInput& e) {
            CHECK(std::string(e.what()).find('\n') == std::string::npos);
        }
    }
}

}  // namespace
}  // namespace nibble

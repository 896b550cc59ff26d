#include "engine/core/spelling.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nibble;

TEST_CASE("spelling: words and numbers come off the front, or nothing does") {
    std::string_view text = "w4.5a12";
    CHECK_FALSE(take(text, "a"));
    CHECK(take(text, "w"));
    CHECK(take_number<double>(text) == 4.5);
    CHECK_FALSE(take_number<int>(text));
    CHECK(text == "a12");
    CHECK(take(text, "a"));
    CHECK(take_number<int>(text) == 12);
    CHECK(text.empty());
    CHECK_FALSE(take_number<int>(text));
}

TEST_CASE("spelling: a number has one spelling") {
    const auto starts_with_number = [](std::string_view text) {
        return take_number<int>(text).has_value() || take_number<double>(text).has_value();
    };
    for (const char* text : {"", "-1", "+1", " 1", "01", "01.5", ".5", "x1"}) {
        CAPTURE(text);
        CHECK_FALSE(starts_with_number(text));
    }
    std::string_view zero = "0", half = "0.5", open = "5.", huge = "99999999999";
    CHECK(take_number<int>(zero) == 0);
    CHECK(take_number<double>(half) == 0.5);
    CHECK_FALSE(take_number<double>(open));
    CHECK_FALSE(take_number<int>(huge));
    CHECK(huge == "99999999999");
}

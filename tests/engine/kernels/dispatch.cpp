// Which kernels run: the order of architectures, NIBBLE_ARCH, and wishes that cannot be met.
#include "engine/kernels/dispatch.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "engine/core/error.hpp"

namespace nibble::kernels {
namespace {

/// Runs this test program anew, the test case below alone, with NIBBLE_ARCH set; returns its exit status.
int run_with_wish(const std::string& wish, const std::string& expected) {
    const std::string command = "NIBBLE_ARCH='" + wish + "' NIBBLE_EXPECTED_ARCH='" + expected + "' /proc/" +
                                std::to_string(getpid()) +
                                "/exe --no-skip --test-case='*what NIBBLE_ARCH says*' > /dev/null 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("architectures: the reference first and always there, then ever faster ones") {
    const char* const names[] = {"reference", "avx2", "avxvnni", "avx512", "avx512vnni", "amx"};
    const auto& all = architectures();
    REQUIRE(all.size() == 6);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].name == names[i]);
        REQUIRE(all[i].table);
        CHECK(all[i].table->name == all[i].name);
        CHECK((all[i].table->bf16_operand_bytes == 2 || all[i].table->bf16_operand_bytes == 4));
    }
    CHECK(all.front().supported);
}

TEST_CASE("choose takes any supported architecture and refuses the others") {
    const std::string before = active().name;
    for (const Architecture& a : architectures())
        if (a.supported) {
            choose(a.name);
            CHECK(active().name == a.name);
        } else {
            CHECK_THROWS_WITH_AS(choose(a.name), doctest::Contains("does not support"), Unsupported);
        }
    choose(before);
    CHECK_THROWS_WITH_AS(choose("mmx"),
                         doctest::Contains("known: reference, avx2, avxvnni, avx512, avx512vnni, amx"),
                         Unsupported);
    CHECK_THROWS_AS(choose(""), Unsupported);
    CHECK(active().name == before);
}

TEST_CASE("helper process: active() is what NIBBLE_ARCH says" * doctest::skip()) {
    const char* expected = std::getenv("NIBBLE_EXPECTED_ARCH");
    REQUIRE(expected);
    if (std::string(expected) == "none")
        CHECK_THROWS_AS(active(), Unsupported);
    else
        CHECK(active().name == std::string(expected));
}

TEST_CASE("NIBBLE_ARCH decides what a process runs; an impossible wish is an error") {
    std::string best;
    for (const Architecture& a : architectures()) {
        CHECK(run_with_wish(a.name, a.supported ? a.name : "none") == 0);
        if (a.supported) best = a.name;
    }
    CHECK(run_with_wish("", best) == 0);
    CHECK(run_with_wish("mmx", "none") == 0);
    CHECK(run_with_wish("reference", best == "reference" ? "none" : best) != 0);  // the helper can fail
}

}  // namespace nibble::kernels

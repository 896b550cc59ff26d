// Files of integer networks cut short or with bytes changed.
#include <doctest/doctest.h>

#include "engine/core/rng.hpp"
#include "engine/infer/file.hpp"
#include "tests/helpers/integer_file.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

Safetensors example() {
    return to_safetensors(test::small_integer_network(1), {{"model", "small"}});
}

TEST_CASE("integer file: every truncation is refused") {
    const std::string bytes = bytes_of(example());
    REQUIRE(test::try_integer_file(bytes) == test::Outcome::ran);
    for (std::size_t n = 0; n < bytes.size(); ++n)
        if (test::try_integer_file(bytes.substr(0, n)) != test::Outcome::refused)
            FAIL_CHECK(n << " bytes pass");
}

// Short of `make fuzz`, which goes deeper, but every time. What the mutations may not do is in
// try_integer_file().
TEST_CASE("integer file: mutations of a valid file are refused in one line, or run as simulated") {
    constexpr std::uint32_t kRounds = 6000;
    const std::string valid = bytes_of(example());
    const std::size_t header =
        valid.find("}   ") == std::string::npos ? valid.size() / 2 : valid.find("}   ");
    const std::string alphabet = "{}[]\",:0123456789-.esgptux \\\xff";
    int outcomes[3] = {};
    for (std::uint32_t round = 0; round < kRounds; ++round) {
        Random random(31, Purpose::test, 0, round);
        std::string bytes = valid;
        for (std::uint32_t edits = 1 + random.below(3); edits > 0 && !bytes.empty(); --edits) {
            // Half of the changes in the header, where the graph is.
            const std::size_t within = random.below(2) ? std::min(header, bytes.size()) : bytes.size();
            const std::size_t at = random.below(static_cast<std::uint32_t>(within));
            switch (random.below(5)) {
                case 0:
                    bytes[at] = static_cast<char>(random.below(256));
                    break;
                case 1:
                    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
                    break;
                case 2:
                    bytes[at] = alphabet[random.below(static_cast<std::uint32_t>(alphabet.size()))];
                    break;
                case 3:
                    if (random.below(4) == 0) bytes.erase(at, 1 + random.below(8));
                    break;
                default:
                    if (bytes[at] >= '0' && bytes[at] <= '9')
                        bytes[at] = static_cast<char>('0' + random.below(10));
            }
        }
        CAPTURE(round);
        try {
            ++outcomes[static_cast<int>(test::try_integer_file(bytes))];
        } catch (const std::exception& e) {
            FAIL_CHECK(e.what());
        }
    }
    MESSAGE(outcomes[0] << " refused, " << outcomes[1] << " too large to run here, " << outcomes[2]
                        << " ran");
    CHECK(outcomes[0] > static_cast<int>(kRounds) / 2);
    CHECK(outcomes[2] > static_cast<int>(kRounds) / 50);
}

}  // namespace
}  // namespace nibble

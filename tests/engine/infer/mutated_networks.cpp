// Networks that no lowering makes, as a file may hold them: what passes the check must run, and as simulated.
#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "engine/infer/file.hpp"
#include "engine/kernels/dispatch.hpp"
#include "tests/helpers/integer_file.hpp"
#include "tests/helpers/mutated_network.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

TEST_CASE("mutated networks: refused, or executed as simulated on every architecture") {
    constexpr std::uint32_t kNetworks = 400;
    const std::string before = kernels::active().name;
    std::size_t ran = 0;
    for (std::uint32_t stream = 0; stream < kNetworks; ++stream) {
        Random random(41, Purpose::test, 0, stream);
        IntegerGraph graph = stream % 2 ? test::small_integer_network(stream % 3)
                                        : test::branching_integer_network(stream % 5);
        for (std::uint32_t changes = 1 + random.below(12); changes > 0; --changes)
            test::mutate(graph, [&](std::uint32_t n) { return random.below(n); });
        std::string bytes;
        try {
            bytes = bytes_of(to_safetensors(graph, {}));
        } catch (const BadInput&) {
            continue;
        }
        CAPTURE(stream);
        for (const kernels::Architecture& a : kernels::architectures()) {
            if (!a.supported) continue;
            kernels::choose(a.name);
            CAPTURE(a.name);
            try {
                ran += test::try_integer_file(bytes) == test::Outcome::ran;
            } catch (const std::exception& e) {
                FAIL_CHECK(e.what());
            }
        }
    }
    kernels::choose(before);
    MESSAGE(ran << " runs");
    CHECK(ran > kNetworks / 4);
}

}  // namespace
}  // namespace nibble

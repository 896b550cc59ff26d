#include "experiments/pipeline/provenance.hpp"

#include <fmt/core.h>
#include <openssl/opensslv.h>

#include <CLI/Version.hpp>
#include <opencv2/core/version.hpp>
#include <xsimd/config/xsimd_config.hpp>

#include "engine/core/json.hpp"
#include "engine/core/tensor.hpp"
#include "engine/kernels/dispatch.hpp"
#include "nibble_version.hpp"

namespace nibble {

namespace {
std::string version(int major, int minor, int patch) {
    return fmt::format("{}.{}.{}", major, minor, patch);
}
}  // namespace

Json provenance() {
    const Json libraries = {
        {"CLI11", CLI11_VERSION},
        {"fmt", version(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
        {"nlohmann_json",
         version(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
        {"opencv", CV_VERSION},
        {"openssl", OPENSSL_VERSION_STR},
        {"xsimd", version(XSIMD_VERSION_MAJOR, XSIMD_VERSION_MINOR, XSIMD_VERSION_PATCH)},
        {"xtensor", version(XTENSOR_VERSION_MAJOR, XTENSOR_VERSION_MINOR, XTENSOR_VERSION_PATCH)},
    };
    return {{"git", kGitDescribe}, {"compiler", kCompiler}, {"build", kBuildType}, {"libraries", libraries}};
}

std::string version_line() {
    return fmt::format("nibble {}, {}, {}", kGitDescribe, kCompiler, kBuildType);
}

std::string executed_as(const std::string& numerics) {
    return numerics + "-" + kernels::active().name;
}

}  // namespace nibble

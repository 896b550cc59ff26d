#include "experiments/pipeline/files/published.hpp"

#include <map>
#include <string>

#include "engine/core/digest.hpp"
#include "engine/core/file.hpp"

namespace nibble {

namespace {

constexpr std::uintmax_t kLargestFile = std::uintmax_t{64} << 20;  // of those below

const std::map<std::string, Scaling>& published() {
    const Scaling imagenet{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
    const Scaling cifar10{{0.4914f, 0.4822f, 0.4465f}, {0.2023f, 0.1994f, 0.2010f}};
    static const std::map<std::string, Scaling> networks{
        // github.com/akamaster/pytorch_resnet_cifar10: resnet20-12fca82f.th, resnet32-d509ac18.th, resnet56-4bfd9763.th
        {"12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8", imagenet},
        {"d509ac1820d7f25398913559d7e81a13229b1e7adc5648e3bfa5e22dc137f850", imagenet},
        {"4bfd97631478d6b638d2764fd2baff3edb1d7d82252d54439343b6596b9b5367", imagenet},
        // github.com/chenyaofo/pytorch-cifar-models: cifar10_resnet20-4118986f.pt, cifar10_shufflenetv2_x0_5-1308b4e9.pt
        {"4118986f0df73003d572b0e397f0ac7b3f60af1f31aff3d2da164536e36f6ec8", cifar10},
        {"1308b4e9c4f88656a3b09775c273fc5ffe8fca9c84044123cf3d138c8dec10bd", cifar10}};
    return networks;
}

}  // namespace

StatedPreprocessing published_preprocessing(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::file_size(path, error) > kLargestFile || error) return {};
    const auto found = published().find(digest_of(read_file(path, kLargestFile)));
    StatedPreprocessing stated;
    if (found != published().end()) stated.scaling = found->second;
    return stated;
}

}  // namespace nibble

#include <string>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {
namespace {

constexpr float kInceptionEps = 1e-3f;
const Window kWide{{1, 1, 0, 0}, {7, 1, 3, 3}}, kTall{{7, 1, 3, 3}, {1, 1, 0, 0}};

/// Convolution, batch norm, ReLU; the blocks are named as torchvision names them.
class Inception {
  public:
    Graph g;

    int conv(int x, const std::string& name, int channels, Window window = {}) {
        return g.relu(conv_bn(g, x, name + ".conv", name + ".bn", channels, window, 1, kInceptionEps));
    }
    int pooled(int x, const std::string& name, int channels) {
        return conv(g.avg_pool(x, same(3)), name + ".branch_pool", channels);
    }

    int a(int x, const std::string& name, int pool_channels) {
        const int one = conv(x, name + ".branch1x1", 64);
        const int five = conv(conv(x, name + ".branch5x5_1", 48), name + ".branch5x5_2", 64, same(5));
        int three = conv(conv(x, name + ".branch3x3dbl_1", 64), name + ".branch3x3dbl_2", 96, same(3));
        three = conv(three, name + ".branch3x3dbl_3", 96, same(3));
        return g.concat({one, five, three, pooled(x, name, pool_channels)});
    }

    int b(int x, const std::string& name) {
        const int three = conv(x, name + ".branch3x3", 384, {3, 3, 2});
        int twice = conv(conv(x, name + ".branch3x3dbl_1", 64), name + ".branch3x3dbl_2", 96, same(3));
        twice = conv(twice, name + ".branch3x3dbl_3", 96, {3, 3, 2});
        return g.concat({three, twice, g.max_pool(x, {3, 3, 2})});
    }

    int c(int x, const std::string& name, int channels) {
        const int one = conv(x, name + ".branch1x1", 192);
        int seven = conv(conv(x, name + ".branch7x7_1", channels), name + ".branch7x7_2", channels, kWide);
        seven = conv(seven, name + ".branch7x7_3", 192, kTall);
        int twice =
            conv(conv(x, name + ".branch7x7dbl_1", channels), name + ".branch7x7dbl_2", channels, kTall);
        twice = conv(conv(twice, name + ".branch7x7dbl_3", channels, kWide), name + ".branch7x7dbl_4",
                     channels, kTall);
        twice = conv(twice, name + ".branch7x7dbl_5", 192, kWide);
        return g.concat({one, seven, twice, pooled(x, name, 192)});
    }

    int d(int x, const std::string& name) {
        const int three = conv(conv(x, name + ".branch3x3_1", 192), name + ".branch3x3_2", 320, {3, 3, 2});
        int seven = conv(conv(x, name + ".branch7x7x3_1", 192), name + ".branch7x7x3_2", 192, kWide);
        seven =
            conv(conv(seven, name + ".branch7x7x3_3", 192, kTall), name + ".branch7x7x3_4", 192, {3, 3, 2});
        return g.concat({three, seven, g.max_pool(x, {3, 3, 2})});
    }

    int e(int x, const std::string& name) {
        const auto both = [&](int y, const std::string& branch, const char* wide, const char* tall) {
            const int left = conv(y, branch + wide, 384, {{1, 1, 0, 0}, {3, 1, 1, 1}});
            return g.concat({left, conv(y, branch + tall, 384, {{3, 1, 1, 1}, {1, 1, 0, 0}})});
        };
        const int one = conv(x, name + ".branch1x1", 320);
        const int three = both(conv(x, name + ".branch3x3_1", 384), name + ".branch3x3_", "2a", "2b");
        const int twice =
            conv(conv(x, name + ".branch3x3dbl_1", 448), name + ".branch3x3dbl_2", 384, same(3));
        const int last = both(twice, name + ".branch3x3dbl_", "3a", "3b");
        return g.concat({one, three, last, pooled(x, name, 192)});
    }
};

}  // namespace

Graph inception_v3(const ModelOptions& options) {
    Inception b;
    int x = b.g.input(options.input);
    x = b.conv(x, "Conv2d_1a_3x3", 32, {3, 3, 2});
    x = b.conv(x, "Conv2d_2a_3x3", 32, {3, 3});
    x = b.g.max_pool(b.conv(x, "Conv2d_2b_3x3", 64, same(3)), {3, 3, 2});
    x = b.conv(x, "Conv2d_3b_1x1", 80);
    x = b.g.max_pool(b.conv(x, "Conv2d_4a_3x3", 192, {3, 3}), {3, 3, 2});
    x = b.a(x, "Mixed_5b", 32);
    x = b.a(x, "Mixed_5c", 64);
    x = b.a(x, "Mixed_5d", 64);
    x = b.b(x, "Mixed_6a");
    x = b.c(x, "Mixed_6b", 128);
    x = b.c(x, "Mixed_6c", 160);
    x = b.c(x, "Mixed_6d", 160);
    x = b.c(x, "Mixed_6e", 192);
    x = b.d(x, "Mixed_7a");
    x = b.e(x, "Mixed_7b");
    x = b.e(x, "Mixed_7c");
    b.g.linear(b.g.dropout(b.g.global_pool(x), 0.5f), "fc", options.classes);
    return std::move(b.g);
}

}  // namespace nibble

#include "datasets/cifar.hpp"

#include <doctest/doctest.h>

#include <array>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "tests/datasets/files.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;
using namespace nibble::test;

namespace {

/// `n` records; byte p of plane c of record i is (7 i + 3 c + p) mod 256, labels count up.
std::string records(std::size_t n, const CifarLayout& layout) {
    std::string bytes;
    for (std::size_t i = 0; i < n; ++i) {
        for (int range : layout.label_ranges) bytes += static_cast<char>(i % static_cast<std::size_t>(range));
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t p = 0; p < 1024; ++p) bytes += static_cast<char>((7 * i + 3 * c + p) % 256);
    }
    return bytes;
}

struct Read {
    std::vector<std::uint8_t> pixels, labels;
    Read(const std::filesystem::path& path, const CifarLayout& layout, std::size_t n) {
        read_cifar_file(path, layout, n, pixels, labels);
    }
};

}  // namespace

TEST_CASE("CIFAR records: the last label byte is the class, planes become HWC") {
    const Scratch scratch;
    for (const CifarLayout* layout : {&cifar10_layout(), &cifar100_layout()}) {
        const Read read(scratch.write("batch.bin", records(30, *layout)), *layout, 30);
        REQUIRE(read.labels.size() == 30);
        REQUIRE(read.pixels.size() == 30 * 3072);
        const auto classes = static_cast<std::size_t>(layout->label_ranges.back());
        for (std::size_t i = 0; i < 30; ++i) CHECK(read.labels[i] == i % classes);
        for (std::size_t i : {0u, 17u, 29u})
            for (std::size_t p = 0; p < 1024; ++p)
                for (std::size_t c = 0; c < 3; ++c)
                    REQUIRE(read.pixels[i * 3072 + p * 3 + c] == (7 * i + 3 * c + p) % 256);
    }
}

TEST_CASE("CIFAR files of a wrong size are refused") {
    const Scratch scratch;
    const std::string good = records(4, cifar10_layout());
    for (const std::string& bytes : {std::string(), good.substr(0, good.size() - 1), good + "x"}) {
        const auto path = scratch.write("batch.bin", bytes);
        CHECK_THROWS_AS(Read(path, cifar10_layout(), 4), BadInput);
        const std::string message = error_of([&] { Read(path, cifar10_layout(), 4); });
        CHECK(contains(message, "batch.bin"));
        CHECK(contains(message, std::to_string(good.size())));
        CHECK(contains(message, std::to_string(bytes.size())));
    }
    CHECK_THROWS_AS(Read(scratch / "none.bin", cifar10_layout(), 4), IoError);
    CHECK_THROWS_AS(Read(scratch.path(), cifar10_layout(), 4), IoError);
}

TEST_CASE("CIFAR labels out of range are refused, with their place") {
    const Scratch scratch;
    std::string ten = records(4, cifar10_layout());
    ten[2 * 3073] = 10;
    const auto path = scratch.write("ten.bin", ten);
    CHECK_THROWS_AS(Read(path, cifar10_layout(), 4), BadInput);
    CHECK(contains(error_of([&] { Read(path, cifar10_layout(), 4); }), "byte 6146"));

    for (const auto& [offset, value] : {std::pair{3074, 20}, std::pair{3075, 100}, std::pair{3075, 255}}) {
        std::string hundred = records(4, cifar100_layout());
        hundred[static_cast<std::size_t>(offset)] = static_cast<char>(value);
        CHECK_THROWS_AS(Read(scratch.write("hundred.bin", hundred), cifar100_layout(), 4), BadInput);
    }
}

TEST_CASE("the real CIFAR-10: counts, mean and standard deviation of the published edition") {
    const auto root = real_data("cifar-10-batches-bin");
    if (!root) {
        nibble::test::skipped("no cifar-10-batches-bin below NIBBLE_DATA; run 'make data'");
        return;
    }
    const auto train = open_dataset("cifar10", Split::train, *root);
    const auto test = open_dataset("cifar10", Split::test, *root);
    REQUIRE(train->size() == 50000);
    REQUIRE(test->size() == 10000);
    CHECK(train->shape() == ImageShape{32, 32, 3});

    std::array<int, 10> train_counts{}, test_counts{};
    std::array<std::uint64_t, 3> sum{}, squares{};
    for (std::size_t i = 0; i < train->size(); ++i) {
        const Sample sample = train->get(i);
        ++train_counts[static_cast<std::size_t>(sample.label)];
        for (std::size_t p = 0; p < 3072; ++p) {
            const std::uint64_t value = sample.image.pixels[p];
            sum[p % 3] += value;
            squares[p % 3] += value * value;
        }
    }
    for (std::size_t i = 0; i < test->size(); ++i)
        ++test_counts[static_cast<std::size_t>(test->get(i).label)];
    for (int n : train_counts) CHECK(n == 5000);
    for (int n : test_counts) CHECK(n == 1000);

    constexpr std::array<double, 3> mean{.49139968, .48215841, .44653091},
        std{.24703223, .24348513, .26158784};
    for (std::size_t c = 0; c < 3; ++c) {
        const double n = 50000.0 * 1024, m = static_cast<double>(sum[c]) / n;
        const double variance = static_cast<double>(squares[c]) / n - m * m;
        CHECK(m / 255 == doctest::Approx(mean[c]).epsilon(1e-7));
        CHECK(variance / (255 * 255) == doctest::Approx(std[c] * std[c]).epsilon(1e-7));
        CHECK(train->normalization().mean[c] == doctest::Approx(mean[c]).epsilon(1e-3));
        CHECK(train->normalization().std[c] == doctest::Approx(std[c]).epsilon(1e-3));
    }
    CHECK(train->digest() != test->digest());
    CHECK(test->digest() == open_dataset("cifar10", Split::test, *root)->digest());
}

#include "datasets/prefetch.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <thread>

#include "datasets/loader.hpp"
#include "engine/core/error.hpp"
#include "tests/datasets/counting_dataset.hpp"

using namespace nibble;
using namespace nibble::test;

namespace {

/// Remembers which thread loaded each step, and takes its time.
class SlowSource : public BatchSource {
  public:
    std::size_t steps_per_epoch() const override { return 4; }
    bool epochs_repeat() const override { return repeat; }
    void load(std::uint32_t epoch, std::size_t step, std::vector<float>& images,
              std::vector<std::int32_t>& labels) override {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        images.assign(1, static_cast<float>(epoch));
        labels.assign(1, static_cast<std::int32_t>(step));
        const std::lock_guard lock(mutex);
        ++loads;
        if (std::this_thread::get_id() == caller) ++loads_by_caller;
    }
    std::mutex mutex;
    int loads = 0, loads_by_caller = 0;
    bool repeat = false;
    std::thread::id caller = std::this_thread::get_id();
};

}  // namespace

TEST_CASE("in sequence, only the first batch is made by the caller") {
    SlowSource source;
    {
        PrefetchLoader loader(source, 2);
        for (std::uint32_t epoch = 0; epoch < 3; ++epoch)
            for (std::size_t step = 0; step < 4; ++step) {
                const Batch batch(loader, epoch, step);
                CHECK(batch.images[0] == static_cast<float>(epoch));
                CHECK(batch.labels[0] == static_cast<std::int32_t>(step));
            }
    }
    CHECK(source.loads_by_caller == 1);
    CHECK(source.loads == 12 + 2);  // two of the fourth epoch were under way; the destructor waited for them
}

TEST_CASE("nothing is prepared beyond an evaluation") {
    SlowSource source;
    source.repeat = true;
    {
        PrefetchLoader loader(source, 3);
        for (std::size_t step = 0; step < 4; ++step) Batch(loader, 0, step);
    }
    CHECK(source.loads == 4);
}

TEST_CASE("an error in the background is thrown for its batch, and only for it") {
    CountingDataset dataset(20);
    dataset.broken = 13;
    Loader direct(dataset, evaluation_options(4));
    PrefetchLoader loader(direct, 2);
    for (int repeat = 0; repeat < 2; ++repeat) {
        for (std::size_t step = 0; step < 5; ++step) {
            if (step == 3)
                CHECK_THROWS_AS(Batch(loader, 0, step), BadInput);
            else
                CHECK(Batch(loader, 0, step) == Batch(direct, 0, step));
        }
    }
}

TEST_CASE("a loader destroyed with an unread error does not end the program") {
    CountingDataset dataset(20);
    dataset.broken = 5;
    Loader direct(dataset, evaluation_options(4));
    {
        PrefetchLoader loader(direct);
        Batch(loader, 0, 0);
    }
    CHECK(dataset.reads >= 4);
}

TEST_CASE("one loader serves several threads") {
    const CountingDataset dataset(64);
    Loader loader(dataset, training_options(8, 3));
    std::vector<Batch> expected;
    for (std::size_t k = 0; k < 32; ++k)
        expected.emplace_back(loader, static_cast<std::uint32_t>(k / 8), k % 8);
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (std::size_t i = 0; i < 32; ++i) {
                    const std::size_t k = (i * 5 + t * 9) % 32;
                    if (Batch(loader, static_cast<std::uint32_t>(k / 8), k % 8) != expected[k]) ++wrong;
                }
            });
    }
    CHECK(wrong == 0);
}

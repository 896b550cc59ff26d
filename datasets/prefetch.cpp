#include "datasets/prefetch.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace nibble {

PrefetchLoader::PrefetchLoader(BatchSource& source, std::size_t ahead)
    : source_(source), ahead_(std::max<std::size_t>(ahead, 1)) {}

void PrefetchLoader::load(std::uint32_t epoch, std::size_t step, std::vector<float>& images,
                          std::vector<std::int32_t>& labels) {
    const Place wanted{epoch, step};
    if (pending_.empty() || pending_.front().place != wanted) {
        pending_.clear();
        source_.load(epoch, step, images, labels);
        prepare_after(wanted);
        return;
    }
    std::future<Batch> ready = std::move(pending_.front().batch);
    pending_.pop_front();
    Batch batch = ready.get();
    images = std::move(batch.images);
    labels = std::move(batch.labels);
    prepare_after(wanted);
}

bool PrefetchLoader::next(Place& place) const {
    if (++place.step < source_.steps_per_epoch()) return true;
    place = {place.epoch + 1, 0};
    return !source_.epochs_repeat();  // an evaluation ends with its epoch: nothing to prepare
}

void PrefetchLoader::prepare_after(Place place) {
    if (!pending_.empty()) place = pending_.back().place;
    while (pending_.size() < ahead_ && next(place)) {
        try {
            pending_.push_back({place, std::async(std::launch::async, [this, place] {
                                    Batch batch;
                                    source_.load(place.epoch, place.step, batch.images, batch.labels);
                                    return batch;
                                })});
        } catch (const std::system_error&) {  // no thread to be had: load() will do it
            return;
        }
    }
}

}  // namespace nibble

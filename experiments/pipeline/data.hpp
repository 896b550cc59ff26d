// The data of a run: both splits, what the networks see of them, and what identifies them.
#pragma once

#include <memory>
#include <string>

#include "datasets/dataset.hpp"
#include "datasets/preprocessing/preprocessing.hpp"
#include "experiments/pipeline/run_config.hpp"
#include "experiments/support/json_fwd.hpp"

namespace nibble {

struct Data {
    std::unique_ptr<Dataset> train, test;
};

/// Opens both splits below NIBBLE_DATA, prepared as stated. Throws what the reader throws when they are not there.
Data open_data(const std::string& name, const StatedPreprocessing& stated = {});

/// The same, opened (and, once somebody asks, digested) a single time in the life of the process: reading a
/// data set takes longer than many a cell.
const Data& shared_data(const RunConfig& config);

/// {"name", "train": {"images", "digest"}, "test": {...}, "shape", "classes", "normalization",
/// "augmentation"}: everything about the data that decides a result. Its digest is the data digest of a cell.
Json describe(const Data& data);

}  // namespace nibble

// experiments/<experiment>/grid.json: which cells an experiment has, per profile, and how they are run.
//
//     {"schema": 1,
//      "title": "Float training",
//      "headline": ["bf16", ..],                        optional: methods that README.md shows
//      "protocol": {"epochs": 60, ...},                 fields of TrainConfig common to all profiles
//      "profiles": {
//        "quick": {"axes": {"model": [..], "data": [..], "method": [..], "seed": [..]},
//                  "protocol": {"epochs": 4},           what differs in this profile
//                  "skip": [{"model": "..", "method": "..", "reason": ".."}]}}}
//
// "axes" may be a list of such objects: the cells of all of them, each once. A skip leaves out the cells that
// match all the axes it names, says why, and must match at least one.
//
// Cells that quantize trained networks have no protocol; the grid says which family of methods its axis
// `method` is about, and each profile where the weights of its models come from (cell.hpp):
//
//     {"schema": 1,
//      "title": "Post-training quantization",
//      "post_training": "mmse",
//      "profiles": {
//        "quick": {"axes": {..},
//                  "parents": {"resnet8-w1.0": "baseline/resnet8-w1.0--glyphs--f32--s0"},
//                  "preprocessing": {"resnet8-w1.0": "mine.json"},  optional: files beside this one that say how a
//                                                                   model wants its images (preprocessing.hpp)
//                  "calibration": 128,                  optional: images that calibrate, for all methods that want any
//                  "measured_on": "1,000 images"}}}     optional: what sets its data and networks apart from the
//                                                       paper's; stands in every verdict
//
// A method that ends in "-ft" trains on from its parent (config.hpp), by the protocol in the profile's
// "fine_tuning": {"epochs": 15, ...}.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "experiments/pipeline/run_config.hpp"
#include "experiments/runs/cell.hpp"

namespace nibble {

struct GridCell {
    Cell cell;
    RunConfig config;  ///< resolved
};

struct Grid {
    std::string experiment, title;
    std::vector<std::string> headline = {};                      ///< methods that README.md shows
    std::map<std::string, std::vector<GridCell>> profiles = {};  ///< cells in the order of the axes
    std::map<std::string, std::string> measured_on = {};         ///< by profile; some say nothing

    /// Throws BadInput naming the profiles there are.
    const std::vector<GridCell>& cells(const std::string& profile) const;
};

/// Reads and checks everything. Throws IoError, and BadInput for unknown keys, wrong types, empty or repeated
/// axis values, protocol fields out of range, methods that do not exist, skips that match nothing.
Grid read_grid(const std::filesystem::path& path, const std::string& experiment);

}  // namespace nibble

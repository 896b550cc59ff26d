// Short training trajectories that touch every operation: what "the same bits" is tested with.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nibble::test {

/// What training can compute with: "f32", "bf16", and quantized in bf16 "aqt" with its variants, and "fgq".
const std::vector<std::string>& trajectory_families();

/// A step of training, or what came of it: digests of four hexadecimal digits, in the order in which the values are
/// computed.
struct TrajectoryStep {
    std::string name;  ///< "option A, step 2"
    /// {"backward pass: gradient of conv1.weight", "09af"}
    std::vector<std::pair<std::string, std::string>> digests{};

    void add(std::string what, std::string digest) {
        digests.emplace_back(std::move(what), std::move(digest));
    }
};

struct Trajectory {
    /// SHA-256 over losses, predictions after training and final weights. Of quantized networks also the state of their
    /// quantizer, and the predictions are those of their integer form, if there is one.
    std::string digest;
    std::vector<TrajectoryStep> steps;

    /// The steps' short digests by the steps' names, one line each: what the golden file holds.
    std::map<std::string, std::string> lines() const;
    /// The first digest that is another one than in these lines: "option A, step 2, backward pass: gradient of
    /// layer1.0.conv1.weight differs"; empty if all are equal.
    std::string first_difference(const std::map<std::string, std::string>& expected) const;
};

/// A few steps of four small networks: shortcuts of option A and with projection, none at all, and one with biases, every
/// kind of pooling, odd sizes and channel counts.
Trajectory trajectory(const std::string& family);

}  // namespace nibble::test

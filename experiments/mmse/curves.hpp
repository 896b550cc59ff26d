// The plots of the experiment mmse.
#pragma once

#include <map>
#include <string>

#include "experiments/mmse/methods.hpp"
#include "experiments/reports/plot.hpp"

namespace nibble::mmse {

/// By the end of their file names: "-scales", "-layers", "-bits", "-unbiased", "-dual", "-calibration"; those without
/// cells are left out.
std::map<std::string, Plot> plots(const std::string& title, const ResultTable& table);

}  // namespace nibble::mmse

// nibble site: every result in one page, for people to look at. The page (page.html) needs no network and
// no server: the results are embedded in it as JSON.
#pragma once

#include <string>

#include "experiments/reports/report.hpp"
#include "experiments/runs/project.hpp"

namespace nibble {

/// The page with the results of all profiles but those that are refused, and for each profile the claims of the papers
/// as judged from its results, and its best networks.
std::string site_page(const Project& project, const Reports& own, Refused& refused);

}  // namespace nibble

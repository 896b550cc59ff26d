#include "experiments/reports/comparison.hpp"

namespace nibble {

Terms difference(const std::string& network, const std::string& a, const std::string& b) {
    return {{network, a}, {network, b, -1}};
}

Figure mean_over(const std::string& what, const std::vector<std::string>& networks,
                 const std::function<Terms(const std::string&)>& terms_of, const EstimateOf& estimate,
                 double low, double high) {
    std::vector<Part> parts;
    for (const std::string& network : networks) parts.push_back({network, terms_of(network)});
    return mean_of(what, parts, estimate, low, high);
}

Figure mean_of(const std::string& what, const std::vector<Part>& parts, const EstimateOf& estimate,
               double low, double high) {
    Figure figure{what, {}, low, high};
    Terms all;
    for (const Part& part : parts) {
        const auto of_part = estimate(part.terms);
        if (!of_part) continue;
        figure.members.push_back({part.name, *of_part, part.open});
        all.insert(all.end(), part.terms.begin(), part.terms.end());
    }
    for (Term& term : all) term.factor /= static_cast<double>(figure.members.size());
    if (!all.empty()) figure.estimate = estimate(all);
    return figure;
}

}  // namespace nibble

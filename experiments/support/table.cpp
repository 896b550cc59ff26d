#include "experiments/support/table.hpp"

#include <fmt/format.h>

#include "experiments/support/statistics.hpp"

namespace nibble {

namespace {
std::string joined(const std::vector<std::string>& fields, const std::string& before,
                   const std::string& between, const std::string& after) {
    std::string line = before;
    for (std::size_t i = 0; i < fields.size(); ++i) line += (i ? between : "") + fields[i];
    return line + after + "\n";
}

std::string csv_field(const std::string& text) {
    if (text == kMissing) return "";
    if (text.find_first_of(",\"\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

std::string latex_field(const std::string& text) {
    if (text == kMissing) return "--";
    std::string escaped;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (text.compare(i, 2, "±") == 0) {
            escaped += "$\\pm$";
            ++i;
        } else if (std::string("&%$#_{}").find(c) != std::string::npos) {
            escaped += std::string("\\") + c;
        } else if (std::string("<>|").find(c) != std::string::npos) {
            escaped += std::string("$") + c + "$";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

/// A bar would end the cell.
std::string markdown_field(const std::string& text) {
    std::string escaped;
    for (char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
    return escaped;
}

template <class F>
std::vector<std::string> each(const std::vector<std::string>& fields, F f) {
    std::vector<std::string> out;
    for (const std::string& field : fields) out.push_back(f(field));
    return out;
}

std::vector<std::string> titles(const std::vector<Column>& columns) {
    std::vector<std::string> out;
    for (const Column& column : columns) out.push_back(column.title);
    return out;
}
}  // namespace

std::string Table::markdown() const {
    std::vector<std::string> rules;
    for (const Column& column : columns) rules.push_back(column.numeric ? "--:" : ":--");
    const auto line = [](const std::vector<std::string>& fields) {
        return joined(each(fields, markdown_field), "| ", " | ", " |");
    };
    std::string text = line(titles(columns)) + line(rules);
    for (const auto& row : rows) text += line(row);
    return text;
}

std::string Table::csv() const {
    std::string text = joined(each(titles(columns), csv_field), "", ",", "");
    for (const auto& row : rows) text += joined(each(row, csv_field), "", ",", "");
    return text;
}

std::string Table::latex() const {
    std::string text = "\\begin{tabular}{";
    for (const Column& column : columns)
        text += column.width > 0
                    ? fmt::format(">{{\\raggedright\\arraybackslash}}p{{{:.2f}\\linewidth}}", column.width)
                    : std::string(column.numeric ? "r" : "l");
    text += "}\n\\toprule\n" + joined(each(titles(columns), latex_field), "", " & ", " \\\\") + "\\midrule\n";
    for (const auto& row : rows) text += joined(each(row, latex_field), "", " & ", " \\\\");
    return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string count_text(std::size_t count) {
    return count ? std::to_string(count) : kMissing;
}

namespace {
std::string with_interval(std::span<const double> values, const std::string& mean, int decimals) {
    const Summary s = summarize(values);
    if (s.count == 0) return kMissing;
    return s.half_width ? fmt::format("{} ± {:.{}f}", mean, *s.half_width, decimals) : mean;
}
}  // namespace

std::string over_seeds(std::span<const double> values, int decimals) {
    return with_interval(values, fmt::format("{:.{}f}", summarize(values).mean, decimals), decimals);
}

std::string signed_over_seeds(std::span<const double> values, int decimals) {
    return with_interval(values, fmt::format("{:+.{}f}", summarize(values).mean, decimals), decimals);
}

}  // namespace nibble

#include "experiments/reports/plot.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/support/drawing.hpp"
#include "experiments/support/statistics.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {
/// Okabe and Ito's palette, without yellow, which is too light for a line.
constexpr std::array kColours{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"};

/// Between double quotes gnuplot would run what stands in backquotes.
std::string in_quotes(const std::string& text) {
    std::string out = "'";
    for (char c : text) out += c == '\'' ? "''" : std::string(1, c == '\n' ? ' ' : c);
    return out + "'";
}

const char* colour_of(int index) {
    return index == Curve::kGrey ? "#BBBBBB" : kColours[static_cast<std::size_t>(index) % kColours.size()];
}

/// $c0: the points of curve 0, $e0: its error bars.
std::string data_blocks(const std::vector<Curve>& curves) {
    std::string text;
    for (std::size_t i = 0; i < curves.size(); ++i) {
        text += fmt::format("$c{} << EOD\n", i);
        for (const auto& [x, y] : curves[i].points) text += fmt::format("{} {}\n", x, y);
        text += "EOD\n";
        if (curves[i].error_bars.empty()) continue;
        text += fmt::format("$e{} << EOD\n", i);
        for (const ErrorBar& b : curves[i].error_bars)
            text += fmt::format("{} {} {}\n", b.x, b.mean, b.half_width);
        text += "EOD\n";
    }
    return text;
}

/// Marks differ in form, too, for those who see no colours.
std::string style(const Curve& c) {
    constexpr std::array kForms{7, 5, 9, 13, 11, 4, 6};
    const bool grey = c.colour == Curve::kGrey;
    const auto colour = static_cast<std::size_t>(grey ? 0 : c.colour);
    const std::string shade = fmt::format("lc rgb '{}'", colour_of(c.colour));
    if (c.form == Curve::Form::marks)
        return fmt::format("with points {} pt {} ps 0.7", shade, kForms[colour % kForms.size()]);
    if (c.form == Curve::Form::bars) return "with boxes " + shade;
    if (c.form == Curve::Form::steps) return fmt::format("with steps {} lw 6", shade);
    return fmt::format("with lines {} lw {} dt {}", shade, c.dashed ? 1.2 : 2.2, c.dashed ? 2 : 1);
}

/// Where a note stands beside its point, in widths and heights of a letter.
const char* placing(Note::Side side) {
    switch (side) {
        case Note::Side::above_right:
            break;
        case Note::Side::right:
            return "left offset 0.9, 0";
        case Note::Side::below_right:
            return "left offset 0.4, -0.5";
        case Note::Side::below:
            return "center offset 0, -0.7";
        case Note::Side::below_left:
            return "right offset -0.4, -0.5";
        case Note::Side::left:
            return "right offset -0.9, 0";
        case Note::Side::above_left:
            return "right offset -0.4, 0.4";
        case Note::Side::above:
            return "center offset 0, 0.7";
    }
    return "left offset 0.4, 0.4";
}

/// 1, 2 and 5 times the powers of ten.
std::vector<double> logarithmic_ticks() {
    std::vector<double> ticks;
    for (int power = -9; power <= 9; ++power)
        for (int digit : {1, 2, 5}) ticks.push_back(digit * std::pow(10.0, power));
    return ticks;
}

std::string set_ticks(const std::vector<double>& ticks, const AxisRange& range) {
    std::string list;
    for (double tick : ticks)
        if (tick >= range.low && tick <= range.high)
            list += fmt::format("{}{:g}", list.empty() ? "" : ", ", tick);
    return list.empty() ? "" : "set xtics (" + list + ")\n";
}

std::string name_ticks(const std::vector<std::pair<double, std::string>>& names) {
    std::string list;
    for (const auto& [x, name] : names)
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", in_quotes(name), x);
    return "set xtics (" + list + ") scale 0 noenhanced\n";
}

std::string plot_command(const std::vector<Curve>& curves) {
    std::string text = "plot ";
    for (std::size_t i = 0; i < curves.size(); ++i)
        if (!curves[i].error_bars.empty())
            text += fmt::format("$e{} with yerrorbars pt 0 lw 1 lc rgb '{}' notitle, \\\n     ", i,
                                colour_of(curves[i].colour));
    for (std::size_t i = 0; i < curves.size(); ++i) {
        const std::string title = curves[i].label.empty() ? "notitle" : "title " + in_quotes(curves[i].label);
        text += fmt::format("{}$c{} {} {}", i ? ", \\\n     " : "", i, style(curves[i]), title);
    }
    return text + "\n";
}

/// No tabs and no blanks at the ends of lines, as in every text file of the repository.
void tidy(std::string& svg) {
    std::string tidied;
    for (char c : svg) {
        if (c == '\n') tidied.erase(tidied.find_last_not_of(' ') + 1);
        tidied += c == '\t' ? ' ' : c;
    }
    svg = std::move(tidied);
}

/// The date of creation is the one thing in cairo's PDFs that changes from run to run. The replacement has
/// the same length, because the file's index counts bytes.
void fix_date(std::string& pdf) {
    const std::string field = "/CreationDate (D:";
    const std::string date = "20000101000000";
    for (std::size_t at = pdf.find(field); at != std::string::npos; at = pdf.find(field, at + 1))
        if (at + field.size() + date.size() < pdf.size()) pdf.replace(at + field.size(), date.size(), date);
}
}  // namespace

void Curve::add_mean(double x, std::span<const double> values) {
    const Summary summary = summarize(values);
    points.emplace_back(x, summary.mean);
    if (summary.half_width.value_or(0) > 0) error_bars.push_back({x, summary.mean, *summary.half_width});
}

std::string Plot::script() const {
    std::string text = data_blocks(curves);
    text += "set title " + in_quotes(title) + " noenhanced\nset xlabel " + in_quotes(x_label) +
            "\nset ylabel " + in_quotes(y_label) + "\n";
    text += fmt::format("set key {} Left reverse noenhanced samplen 2 opaque\n",
                        legend_above ? "outside center top horizontal" : "inside right bottom");
    text += "set border 3\nset tics nomirror out\nset grid ytics lt 1 lc rgb '#DDDDDD' lw 1\n";
    if (logarithmic == Logarithmic::both)
        text += "set logscale xy\nset autoscale xfix\n";
    else if (logarithmic == Logarithmic::x)
        text += "set logscale x\n" +
                (x_range ? set_ticks(x_ticks.empty() ? logarithmic_ticks() : x_ticks, *x_range) : "");
    else
        text += "set offsets 0, 0, graph 0.03, graph 0.03\n";
    if (!x_names.empty()) text += name_ticks(x_names);
    if (bar_width > 0)
        text += fmt::format("set boxwidth {} absolute\nset style fill solid noborder\n", bar_width);
    if (x_range) text += fmt::format("set xrange [{}:{}]\n", x_range->low, x_range->high);
    if (y_range) text += fmt::format("set yrange [{}:{}]\n", y_range->low, y_range->high);
    for (const Note& note : notes)
        text += fmt::format("set label {} at {}, {} {} font ',9' noenhanced\n", in_quotes(note.text), note.x,
                            note.y, placing(note.side));
    return text + plot_command(curves);
}

PlotSize size_of(const Plot& plot) {
    // Many decades and many labels need height.
    const int height = plot.logarithmic == Plot::Logarithmic::none ? 420 : 560;
    return {6.4 * 72, height * 72 / 120.0};
}

void draw(const Plot& plot, const fs::path& stem) {
    if (plot.curves.empty()) throw BadInput(stem.string() + ": nothing to plot");
    const double inches = size_of(plot).height / 72;
    // A PDF holds its letters, and a family like Helvetica is another font on each machine: name one.
    struct Form {
        const char *suffix, *end;
        std::string terminal;
    };
    const Form forms[] = {
        {".svg", "</svg>",
         fmt::format("svg size 760,{} dynamic font 'Helvetica,13' background rgb 'white'",
                     std::lround(120 * inches))},
        {".pdf", "%%EOF", fmt::format("pdfcairo size 6.4in,{:.1f}in font 'Liberation Sans,11'", inches)}};
    for (const auto& [suffix, end, terminal] : forms) {
        std::string bytes =
            drawn_by("gnuplot", "gnuplot-nox", "set terminal " + terminal + "\n" + plot.script(), end);
        fix_date(bytes);
        if (suffix == std::string(".svg")) tidy(bytes);
        write_file(stem.string() + suffix, bytes);
    }
}

}  // namespace nibble

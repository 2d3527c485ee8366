//! The chart: bars for each number of objects, as SVG.

use std::fmt::Write as _;

use super::table::short;
use crate::{measure::metric::Metric, results::Results, scenarios::thousands};

const SIZES: [usize; 4] = [100, 1_000, 10_000, 50_000];
const PANEL_WIDTH: f64 = 300.0;
const HEIGHT: f64 = 240.0;
const TOP: f64 = 58.0;
const BASE: f64 = 200.0;
const BAR: f64 = 26.0;
/// Readable on white and on black.
const COLOURS: [&str; 2] = ["#3b82c4", "#d08a2e"];
const TEXT: &str = "#888888";

/// A series of bars: which scenarios, which metric.
struct Series {
    label: &'static str,
    prefix: &'static str,
    metric: Metric,
}

struct Panel {
    title: &'static str,
    series: [Series; 2],
}

const PANELS: [Panel; 3] = [
    Panel {
        title: "objects per second",
        series: [
            Series { label: "operator", prefix: "cold", metric: Metric::Throughput },
            Series { label: "least calls", prefix: "roofline", metric: Metric::Throughput },
        ],
    },
    Panel {
        title: "CPU per object, ms",
        series: [
            Series { label: "operator", prefix: "cold", metric: Metric::CpuPerObject },
            Series { label: "least calls", prefix: "roofline", metric: Metric::CpuPerObject },
        ],
    },
    Panel {
        title: "memory, MiB",
        series: [
            Series { label: "at the end", prefix: "cold", metric: Metric::Rss },
            Series { label: "peak", prefix: "cold", metric: Metric::Peak },
        ],
    },
];

/// The whole chart.
#[must_use]
pub fn svg(results: &Results) -> String {
    let width = PANEL_WIDTH * 3.0;
    let panels: String =
        PANELS.iter().zip([0.0, 1.0, 2.0]).map(|(panel, at)| panel.draw(at * PANEL_WIDTH, results)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"11\" fill=\"{TEXT}\">\n<title>A cold start by the number of objects</title>\n{panels}</svg>\n"
    )
}

impl Panel {
    fn draw(&self, left: f64, results: &Results) -> String {
        let value = |series: &Series, size| results.median(&format!("{}-{size}", series.prefix), series.metric);
        let values = SIZES.map(|size| [value(&self.series[0], size), value(&self.series[1], size)]);
        let most = values.iter().flatten().flatten().copied().fold(f64::EPSILON, f64::max);
        let mut text = format!("<g transform=\"translate({left} 0)\">\n{}", self.legend());
        for ((size, bars), at) in SIZES.iter().zip(values).zip([0.0, 1.0, 2.0, 3.0]) {
            let x = 16.0 + 70.0 * at;
            text += &label(x + BAR, BASE + 16.0, &thousands(*size));
            for ((bar, colour), x) in bars.iter().zip(COLOURS).zip([x, x + BAR + 2.0]) {
                text += &bar.map_or_else(String::new, |value| draw_bar(x, value, most, colour));
            }
        }
        text + "</g>\n"
    }

    fn legend(&self) -> String {
        let mut text = format!("<text x=\"16\" y=\"16\" font-weight=\"bold\">{}</text>\n", self.title);
        for ((series, colour), x) in self.series.iter().zip(COLOURS).zip([16.0, 116.0]) {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "<rect x=\"{x}\" y=\"24\" width=\"9\" height=\"9\" fill=\"{colour}\"/>\
                 <text x=\"{}\" y=\"32\">{}</text>",
                x + 13.0,
                series.label
            );
        }
        text
    }
}

fn draw_bar(x: f64, value: f64, most: f64, colour: &str) -> String {
    let height = (BASE - TOP) * value / most;
    let y = BASE - height;
    format!("<rect x=\"{x}\" y=\"{y:.1}\" width=\"{BAR}\" height=\"{height:.1}\" fill=\"{colour}\"/>\n")
        + &label(x + BAR / 2.0, y - 4.0, &short(value))
}

fn label(x: f64, y: f64, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{measure::sample::Sample, results::Samples, scenarios};

    #[test]
    fn the_tallest_bar_reaches_the_top_and_what_was_not_measured_has_none() {
        let (mut samples, mut sample) = (Samples::default(), Sample::default());
        sample.put(Metric::Throughput, 240.0);
        let all = scenarios::all();
        samples.add(all.iter().find(|scenario| scenario.name == "cold-1000").unwrap(), sample);
        let svg = svg(&Results { scenarios: samples.summed_up(), ..Results::default() });
        assert_eq!(svg.matches("<rect").count(), 6 + 1, "{svg}");
        assert!(svg.contains("y=\"58.0\" width=\"26\" height=\"142.0\"") && svg.contains(">240</text>"), "{svg}");
    }
}

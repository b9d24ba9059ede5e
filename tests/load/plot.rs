//! The report as a picture: a panel for each figure that matters, a line for each target. The dot is the median over the
//! rounds, the bar goes from the least to the most. The axis is logarithmic, as the targets lie far from each other.

use std::fmt::Write;

use crate::summary::{Row, Spread, Summary};

const PANEL_WIDTH: f64 = 520.0;
const LABEL_WIDTH: f64 = 110.0;
const VALUE_WIDTH: f64 = 90.0;
const LINE_HEIGHT: f64 = 20.0;
const HEAD_HEIGHT: f64 = 46.0;
const FOOT_HEIGHT: f64 = 26.0;
const IN_A_ROW: usize = 2;

/// The figures that are drawn; the table has the others.
const DRAWN: [&str; 4] = ["cpu_s_per_million", "p99_ms", "kb_a_connection", "us_a_login"];

/// Colours that are told apart also by who does not see all of them.
const US: &str = "#d55e00";
const FLOOR: &str = "#009e73";
const PEER: &str = "#0072b2";

struct Panel<'a> {
    title: &'a str,
    figure: &'a str,
    lines: Vec<(&'a str, Spread)>,
}

pub(crate) fn svg(summaries: &[Summary]) -> String {
    let panels: Vec<Panel> = summaries.iter().flat_map(panels).collect();
    let mut body = String::new();
    let mut top = 0.0;
    for row in panels.chunks(IN_A_ROW) {
        let height = row.iter().map(Panel::height).fold(0.0, f64::max);
        for (column, panel) in row.iter().enumerate() {
            panel.draw(column as f64 * PANEL_WIDTH, top, &mut body);
        }
        top += height;
    }
    let (width, height) = (PANEL_WIDTH * IN_A_ROW as f64, top.max(LINE_HEIGHT));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\" fill=\"#222\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

fn panels(summary: &Summary) -> Vec<Panel<'_>> {
    let panel = |key: &&str| {
        let figure = |row: &Row| row.figures.iter().position(|figure| figure.key == *key);
        let at = summary.rows.first().and_then(figure)?;
        let line = |row: &'_ Row| row.figures[at].value.filter(|spread| spread.least > 0.0);
        let lines: Vec<(&str, Spread)> =
            summary.rows.iter().filter_map(|row| Some((row.target.as_str(), line(row)?))).collect();
        let title = summary.rows[0].figures[at].title;
        (!lines.is_empty()).then_some(Panel { title: &summary.title, figure: title, lines })
    };
    DRAWN.iter().filter_map(panel).collect()
}

/// A logarithmic axis.
struct Axis {
    least: f64,
    most: f64,
    left: f64,
    right: f64,
}

impl Axis {
    fn of(lines: &[(&str, Spread)], left: f64, right: f64) -> Self {
        let least = lines.iter().map(|(_, spread)| spread.least).fold(f64::INFINITY, f64::min);
        let most = lines.iter().map(|(_, spread)| spread.most).fold(0.0, f64::max);
        // Air on both sides, also where all values are one.
        Self { least: least.log10() - 0.1, most: most.log10() + 0.1, left, right }
    }

    fn at(&self, value: f64) -> f64 {
        self.left + (value.log10() - self.least) / (self.most - self.least) * (self.right - self.left)
    }

    /// 1, 2 and 5 of each power of ten.
    fn ticks(&self) -> Vec<f64> {
        let (first, last) = (self.least.floor() as i32, self.most.ceil() as i32);
        let ticks = (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
        ticks.filter(|tick| (self.least..=self.most).contains(&tick.log10())).collect()
    }
}

impl Panel<'_> {
    fn height(&self) -> f64 {
        HEAD_HEIGHT + self.lines.len() as f64 * LINE_HEIGHT + FOOT_HEIGHT
    }

    fn draw(&self, left: f64, top: f64, text: &mut String) {
        let axis = Axis::of(&self.lines, left + LABEL_WIDTH, left + PANEL_WIDTH - VALUE_WIDTH);
        let (first, last) = (top + HEAD_HEIGHT, top + HEAD_HEIGHT + self.lines.len() as f64 * LINE_HEIGHT);
        let x = left + 12.0;
        let _ = writeln!(
            text,
            "<text x=\"{x}\" y=\"{:.1}\" font-weight=\"bold\">{}</text><text x=\"{x}\" y=\"{:.1}\">{}</text>",
            top + 18.0,
            escape(self.title),
            top + 34.0,
            escape(self.figure),
        );
        for tick in axis.ticks() {
            let (x, below) = (axis.at(tick), last + 14.0);
            let _ = writeln!(
                text,
                "<line x1=\"{x:.1}\" y1=\"{first:.1}\" x2=\"{x:.1}\" y2=\"{last:.1}\" stroke=\"#ddd\"/>\
                 <text x=\"{x:.1}\" y=\"{below:.1}\" text-anchor=\"middle\" font-size=\"9\">{tick}</text>"
            );
        }
        for (number, (target, spread)) in self.lines.iter().enumerate() {
            let y = first + (number as f64 + 0.5) * LINE_HEIGHT;
            let (from, to, dot) = (axis.at(spread.least), axis.at(spread.most), axis.at(spread.median));
            let colour = colour(target);
            let weight = if *target == "us" { "bold" } else { "normal" };
            let (label, value) = (left + LABEL_WIDTH - 10.0, left + PANEL_WIDTH - VALUE_WIDTH + 10.0);
            let _ = writeln!(
                text,
                "<text x=\"{label:.1}\" y=\"{:.1}\" text-anchor=\"end\" font-weight=\"{weight}\">{}</text>\
                 <line x1=\"{from:.1}\" y1=\"{y:.1}\" x2=\"{to:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"3\" \
                 stroke-linecap=\"round\" opacity=\"0.5\"/><circle cx=\"{dot:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{colour}\"/>\
                 <text x=\"{value:.1}\" y=\"{:.1}\" font-weight=\"{weight}\">{}</text>",
                y + 4.0,
                escape(target),
                y + 4.0,
                short(spread.median),
            );
        }
    }
}

fn colour(target: &str) -> &'static str {
    match target {
        "us" => US,
        floor if floor.starts_with("floor") => FLOOR,
        _ => PEER,
    }
}

/// Three digits of a number.
fn short(value: f64) -> String {
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 4) as usize;
    format!("{value:.digits$}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{CPU, Round, Scenario};
    use crate::summary::Rounds;
    use std::collections::BTreeMap;

    #[test]
    fn every_target_has_its_line_and_lies_in_the_order_of_its_figure() {
        let round =
            |value: f64| Round { figures: BTreeMap::from([(CPU.to_owned(), value)]), ..Round::default() };
        let targets = ["floor-coalesce", "us", "socketio"].map(str::to_owned);
        let rounds: Rounds = targets
            .iter()
            .cloned()
            .zip([0.4, 0.5, 6.0])
            .map(|(name, value)| (name, vec![round(value)]))
            .collect();
        let summary = Summary::of(&Scenario::by_name("h1").unwrap(), &targets, &rounds);
        let text = svg(&[summary]);
        let places: Vec<f64> = text
            .split("cx=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(places.len(), 3);
        assert!(places.is_sorted() && places[0] >= LABEL_WIDTH && places[2] <= PANEL_WIDTH, "{places:?}");
        assert!(text.contains(">0.500<") && text.contains(">6.00<"));
    }

    #[test]
    fn nothing_at_all_is_a_picture_too() {
        assert!(svg(&[]).ends_with("</svg>\n"));
    }
}

//! The curves as pictures: one panel a curve, both axes logarithmic, so that what grows in proportion is a diagonal and
//! what stays is level.

use std::fmt::Write;

use super::{Curve, grouped};

const PANEL: (f64, f64) = (420.0, 260.0);
const MARGIN: f64 = 56.0;
const IN_A_ROW: usize = 2;

/// Told apart also by who does not see all colours.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555"];

pub(super) fn svg(curves: &[Curve]) -> String {
    // One point makes no line.
    let curves: Vec<&Curve> = curves.iter().filter(|curve| curve.rows.len() > 1).collect();
    let rows = curves.len().div_ceil(IN_A_ROW).max(1);
    let (width, height) = (PANEL.0 * IN_A_ROW as f64, PANEL.1 * rows as f64);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"10\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (number, curve) in curves.iter().enumerate() {
        let (left, top) = ((number % IN_A_ROW) as f64 * PANEL.0, (number / IN_A_ROW) as f64 * PANEL.1);
        panel(curve, left, top, &mut text);
    }
    text + "</svg>\n"
}

fn panel(curve: &Curve, left: f64, top: f64, text: &mut String) {
    let values = || curve.rows.iter().flat_map(|row| &row.values).copied().filter(|value| *value > 0.0);
    let x_axis =
        Axis::over(curve.rows.iter().map(|row| row.at as f64), left + MARGIN, left + PANEL.0 - 130.0);
    let y_axis = Axis::over(values(), top + PANEL.1 - 34.0, top + 34.0);
    let _ = writeln!(
        text,
        "<text x=\"{}\" y=\"{}\" font-size=\"12\" font-weight=\"bold\">{}</text>",
        left + 12.0,
        top + 18.0,
        curve.name
    );
    for row in &curve.rows {
        let x = x_axis.at(row.at as f64);
        let (from, to) = (y_axis.from, y_axis.to);
        let _ = writeln!(
            text,
            "<line x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\" stroke=\"#eee\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            from + 14.0,
            grouped(row.at)
        );
    }
    for decade in y_axis.decades() {
        let y = y_axis.at(decade);
        let (from, to) = (x_axis.from, x_axis.to);
        let _ = writeln!(
            text,
            "<line x1=\"{from:.1}\" y1=\"{y:.1}\" x2=\"{to:.1}\" y2=\"{y:.1}\" stroke=\"#eee\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{decade}</text>",
            from - 6.0,
            y + 3.0
        );
    }
    for (index, column) in curve.columns.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let points: Vec<(f64, f64)> = curve
            .rows
            .iter()
            .filter(|row| row.values[index] > 0.0)
            .map(|row| (x_axis.at(row.at as f64), y_axis.at(row.values[index])))
            .collect();
        let line: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            line.join(" ")
        );
        for (x, y) in &points {
            let _ = write!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\"/>");
        }
        let unit = if column.unit.is_empty() { String::new() } else { format!(", {}", column.unit) };
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}{unit}</text>",
            left + PANEL.0 - 122.0,
            top + 44.0 + 14.0 * index as f64,
            column.name
        );
    }
}

/// A logarithmic axis.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// From whole powers of ten to whole powers of ten.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            (least, most) = (least.min(value.log10()), most.max(value.log10()));
        }
        if !least.is_finite() {
            (least, most) = (0.0, 1.0);
        }
        let (least, most) = (least.floor(), most.ceil());
        Self { least, most: most.max(least + 1.0), from, to }
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (value.log10() - self.least) / (self.most - self.least) * (self.to - self.from)
    }

    fn decades(&self) -> impl Iterator<Item = f64> {
        (self.least as i32..=self.most as i32).map(|power| 10_f64.powi(power))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Row, column};
    use super::*;

    fn curve(values: [f64; 2]) -> Curve {
        Curve {
            name: "curve",
            over: "messages",
            columns: vec![column("page", "ms", 1)],
            rows: vec![Row::new(10, vec![values[0]]), Row::new(1_000, vec![values[1]])],
            why: "",
        }
    }

    #[test]
    fn what_stays_is_level_and_what_grows_rises() {
        let heights = |values| {
            let picture = svg(&[curve(values)]);
            let circles = picture.split("cy=\"").skip(1);
            circles.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect::<Vec<f64>>()
        };
        let level = heights([2.0, 2.0]);
        assert!((level[0] - level[1]).abs() < 0.1, "{level:?}");
        let rising = heights([1.0, 100.0]);
        // Up is less in a picture.
        assert!(rising[1] < rising[0] - 100.0, "{rising:?}");
    }

    #[test]
    fn nothing_at_all_is_a_picture_too() {
        assert!(svg(&[]).ends_with("</svg>\n"));
        assert!(svg(&[curve([0.0, 0.0])]).contains("curve"));
    }
}

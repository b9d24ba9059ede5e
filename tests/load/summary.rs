//! Medians and spreads over the rounds, and each figure divided by the floor's of the same round.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::scenario::{CPU, Round, Scenario};

/// A series whose floor spreads by more is not to be quoted.
const MOST_SPREAD: f64 = 0.05;

/// The rounds of each target, in their order.
pub(crate) type Rounds = BTreeMap<String, Vec<Round>>;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// None of no values.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
        Some(Self { median, least, most })
    }

    fn write(self, digits: usize) -> String {
        let Self { median, least, most } = self;
        format!("{median:.digits$} ({least:.digits$}–{most:.digits$})")
    }
}

/// What a scenario gave.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
    /// Why the series is not to be quoted.
    pub(crate) doubts: Vec<String>,
}

/// One target of a scenario.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) target: String,
    pub(crate) figures: Vec<Figure>,
    pub(crate) doubts: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Figure {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    #[serde(skip)]
    digits: usize,
    pub(crate) value: Option<Spread>,
    /// By the floor of the same round.
    pub(crate) ratio: Option<Spread>,
    pub(crate) floor: Option<&'static str>,
}

/// The values of a figure, round by round; None where a round failed.
fn values(rounds: &[Round], key: &str) -> Vec<Option<f64>> {
    rounds.iter().map(|round| round.figures.get(key).copied()).collect()
}

/// One target's figures by another's of the same rounds.
fn ratio(rounds: &Rounds, target: &str, floor: &str, key: &str) -> Option<Spread> {
    let (above, below) = (values(rounds.get(target)?, key), values(rounds.get(floor)?, key));
    Spread::of(above.into_iter().zip(below).filter_map(|(above, below)| Some(above? / below?)).collect())
}

impl Summary {
    pub(crate) fn of(scenario: &Scenario, order: &[String], rounds: &Rounds) -> Self {
        let row = |target: &String| {
            let own = rounds.get(target)?;
            let figures = scenario.columns.iter().map(|column| Figure {
                key: column.key,
                title: column.title,
                digits: column.digits,
                value: Spread::of(values(own, column.key).into_iter().flatten().collect()),
                ratio: column.floor.and_then(|floor| ratio(rounds, target, floor, column.key)),
                floor: column.floor,
            });
            let mut doubts = Vec::new();
            for (number, round) in (1..).zip(own) {
                let all = round.doubts.iter().chain(&round.error);
                doubts.extend(all.map(|doubt| format!("round {number}: {doubt}")));
            }
            Some(Row { target: target.clone(), figures: figures.collect(), doubts })
        };
        let rows: Vec<Row> = order.iter().filter_map(row).collect();
        let mut doubts = Vec::new();
        for floor in
            scenario.columns.iter().filter(|column| column.key == CPU).filter_map(|column| column.floor)
        {
            let of_floor = rounds.get(floor).map(|rounds| values(rounds, CPU)).unwrap_or_default();
            let Some(spread) = Spread::of(of_floor.into_iter().flatten().collect()) else { continue };
            let share = (spread.most - spread.least) / spread.median;
            if share > MOST_SPREAD {
                let percent = share * 100.0;
                doubts.push(format!(
                    "{floor} spreads by {percent:.0} %: the machine is not quiet, these figures are not to be quoted"
                ));
            }
        }
        Self { name: scenario.name, title: scenario.title.clone(), rows, doubts }
    }

    /// A table for people.
    pub(crate) fn table(&self) -> String {
        let mut lines: Vec<Vec<String>> = Vec::new();
        let mut head = vec![String::new()];
        for figure in self.rows.first().map(|row| &row.figures).into_iter().flatten() {
            head.push(figure.title.to_owned());
            head.extend(figure.floor.map(|floor| format!("× {floor}")));
        }
        lines.push(head);
        for row in &self.rows {
            let mut line = vec![row.target.clone()];
            for figure in &row.figures {
                let written = |spread: Option<Spread>, digits| {
                    spread.map_or_else(|| "-".to_owned(), |spread: Spread| spread.write(digits))
                };
                line.push(written(figure.value, figure.digits));
                if figure.floor.is_some() {
                    line.push(written(figure.ratio, 2));
                }
            }
            lines.push(line);
        }
        let width = |column: usize| {
            lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let mut text = format!("{}  {}\n", self.name, self.title);
        for line in &lines {
            for (column, cell) in line.iter().enumerate() {
                let (width, gap) = (width(column), "  ");
                let _ = if column == 0 {
                    write!(text, "{gap}{cell:<width$}")
                } else {
                    write!(text, "{gap}{cell:>width$}")
                };
            }
            text.push('\n');
        }
        let of_rows =
            self.rows.iter().flat_map(|row| row.doubts.iter().map(|doubt| (row.target.as_str(), doubt)));
        for (target, doubt) in of_rows {
            let _ = writeln!(text, "  ! {target}, {doubt}");
        }
        for doubt in &self.doubts {
            let _ = writeln!(text, "  ! {doubt}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(figures: &[f64]) -> Vec<Round> {
        let round =
            |value: &f64| Round { figures: BTreeMap::from([(CPU.to_owned(), *value)]), ..Round::default() };
        figures.iter().map(round).collect()
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!((spread.median, spread.least, spread.most), (2.0, 1.0, 3.0));
        assert_eq!(Spread::of(vec![4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of(vec![]), None);
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let mut both = Rounds::from([
            ("us".to_owned(), rounds(&[2.0, 8.0, 3.0])),
            ("floor".to_owned(), rounds(&[1.0, 4.0, 1.0])),
        ]);
        assert_eq!(ratio(&both, "us", "floor", CPU).unwrap().median, 2.0);
        // A round that failed takes no part.
        both.get_mut("floor").unwrap()[2] = Round::default();
        let spread = ratio(&both, "us", "floor", CPU).unwrap();
        assert_eq!((spread.least, spread.most), (2.0, 2.0));
    }

    #[test]
    fn a_floor_that_spreads_is_said() {
        let scenario = Scenario::by_name("h1").unwrap();
        let order = ["floor-coalesce".to_owned(), "us".to_owned()];
        let doubts = |floor: &[f64]| {
            let both =
                Rounds::from([(order[0].clone(), rounds(floor)), (order[1].clone(), rounds(&[2.0, 2.0]))]);
            let summary = Summary::of(&scenario, &order, &both);
            assert!(summary.table().contains("us"));
            summary.doubts.len()
        };
        assert_eq!(doubts(&[1.0, 1.04]), 0);
        assert_eq!(doubts(&[1.0, 1.2]), 1);
    }
}

//! Bar charts as SVG: a panel for each measurement, a bar for each contender, readable on light and on dark pages.

use std::fmt::Write;

use super::figures::number;

/// A chart: panels below each other, each with its own scale.
#[derive(Debug, Default)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) panels: Vec<Panel>,
}

/// A panel. Its longest bar has the full width.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) bars: Vec<Bar>,
}

/// A bar.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
    pub(super) kind: Kind,
}

/// The kind of a contender, which decides the colour of its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    Limit,
    Peer,
}

const WIDTH: f64 = 860.0;
const MARGIN: f64 = 20.0;
/// The horizontal position at which bars begin. Labels are left of it.
const LEFT: f64 = 330.0;
/// The length of the longest bar. Its figure is right of it.
const LENGTH: f64 = 420.0;
const ROW: f64 = 22.0;
const PANEL_HEAD: f64 = 34.0;
const HEAD: f64 = 72.0;

/// Colours of GitHub's two themes, which people with red-green colour blindness can tell apart.
const STYLE: &str = "\
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }\
    .title { font-size: 17px; font-weight: 600; } .panel { font-weight: 600; } .label { text-anchor: end; }\
    .ours { fill: #0969da; } .limit { fill: #8c959f; } .peer { fill: #d4a72c; } text.ours { font-weight: 600; fill: #0969da; }\
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .ours, text.ours { fill: #58a6ff; } .limit { fill: #6e7681; } .peer { fill: #bb8009; } }";

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Limit => "limit",
            Self::Peer => "peer",
        }
    }
}

impl Chart {
    /// Returns the chart as an SVG document.
    pub(super) fn to_svg(&self) -> String {
        let mut body = String::new();
        text(&mut body, "title", MARGIN, 30.0, &self.title);
        legend(&mut body);
        let mut top = HEAD;
        for panel in &self.panels {
            top = panel.draw(&mut body, top);
        }
        let height = top + MARGIN;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n{body}</svg>\n",
            escaped(&self.title)
        )
    }
}

fn legend(body: &mut String) {
    let kinds = [(Kind::Ours, "this library"), (Kind::Limit, "the driver alone"), (Kind::Peer, "other libraries")];
    let mut left = MARGIN;
    for (kind, name) in kinds {
        rectangle(body, kind, left, 44.0, 12.0, 12.0);
        text(body, "", left + 18.0, 55.0, name);
        left += 150.0;
    }
}

impl Panel {
    /// Draws the panel and returns the vertical position of its end.
    fn draw(&self, body: &mut String, top: f64) -> f64 {
        text(body, "panel", MARGIN, top + 20.0, &self.title);
        let longest = self.bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
        let mut top = top + PANEL_HEAD;
        for bar in &self.bars {
            let length = (bar.value / longest * LENGTH).max(1.0);
            let emphasis = if bar.kind == Kind::Ours { " ours" } else { "" };
            text(body, &format!("label{emphasis}"), LEFT - 8.0, top + 13.0, &bar.label);
            rectangle(body, bar.kind, LEFT, top, length, ROW - 6.0);
            text(body, emphasis.trim(), LEFT + length + 6.0, top + 13.0, &number(bar.value));
            top += ROW;
        }
        top
    }
}

fn text(body: &mut String, class: &str, x: f64, y: f64, text: &str) {
    // writing to a string cannot fail
    let _ = writeln!(body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
}

fn rectangle(body: &mut String, kind: Kind, x: f64, y: f64, width: f64, height: f64) {
    let class = kind.class();
    let _ = writeln!(
        body,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\"/>"
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_its_panel_and_others_are_in_proportion() {
        let bar = |label: &str, value, kind| Bar { label: label.to_owned(), value, kind };
        let bars = vec![bar("a < b", 50.0, Kind::Peer), bar("ours", 200.0, Kind::Ours)];
        let panels = vec![Panel { title: "64 tasks".to_owned(), bars }];
        let svg = Chart { title: "saves".to_owned(), panels }.to_svg();
        for part in ["width=\"420.0\"", "width=\"105.0\"", "a &lt; b"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
    }
}

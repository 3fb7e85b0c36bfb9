//! The screen of a training: curve, metrics with their courses, log.

use std::io::{self, BufWriter, Stderr, stderr};

use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{Clear, ClearType};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, LineGauge, Paragraph, Widget as _};
use ratatui::{Terminal, TerminalOptions, Viewport, symbols};

use super::status::{Status, mean_return, time};
use super::{curve::short, terminal};

/// Columns and rows of a terminal that does not say.
const UNKNOWN: (u16, u16) = (100, 24);
/// Columns of the list of metrics.
const LIST: u16 = 46;
/// Columns of a metric's course.
const COURSE: usize = 11;
/// Rows of the log, with its frame.
const LOG: u16 = 7;

/// Screen of a terminal, on standard error. It asks the terminal for nothing but its size: an answer
/// that does not come would hold the drawing up.
pub struct FullScreen {
    /// Terminal of the size that it had last.
    terminal: Option<(Rect, Fixed)>,
    styles: Styles,
}

type Fixed = Terminal<CrosstermBackend<BufWriter<Stderr>>>;

/// A terminal of a fixed size whose screen is blank.
fn blank(area: Rect) -> io::Result<Fixed> {
    // One write for each picture.
    let mut out = BufWriter::with_capacity(1 << 17, stderr());
    execute!(out, Clear(ClearType::All))?;
    let viewport = Viewport::Fixed(area);
    Terminal::with_options(CrosstermBackend::new(out), TerminalOptions { viewport })
}

impl FullScreen {
    pub fn new(is_coloured: bool) -> Self {
        Self {
            terminal: None,
            styles: Styles::new(is_coloured),
        }
    }

    /// Draws what has changed; all of it where the terminal has another size, or showed its own screen.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn draw(&mut self, status: &Status) -> io::Result<()> {
        let (columns, rows) = terminal::columns_and_rows().unwrap_or(UNKNOWN);
        let area = Rect::new(0, 0, columns, rows);
        let is_new = terminal::open()?;
        let known = self.terminal.take();
        let known = known.filter(|(size, _)| *size == area && !is_new);
        let mut fixed = match known {
            Some((_, fixed)) => fixed,
            None => blank(area)?,
        };
        let styles = self.styles;
        fixed.draw(|frame| draw(status, styles, frame.area(), frame.buffer_mut()))?;
        self.terminal = Some((area, fixed));
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Styles {
    curve: Style,
    faint: Style,
    title: Style,
}

impl Styles {
    fn new(is_coloured: bool) -> Self {
        let plain = Style::default();
        match is_coloured {
            true => Self {
                curve: plain.fg(Color::Cyan),
                faint: plain.fg(Color::DarkGray),
                title: plain.add_modifier(Modifier::BOLD),
            },
            false => Self {
                curve: plain,
                faint: plain,
                title: plain,
            },
        }
    }
}

fn draw(status: &Status, styles: Styles, area: Rect, buffer: &mut Buffer) {
    let rows = [
        Constraint::Length(2),
        Constraint::Min(8),
        Constraint::Length(LOG),
    ];
    let [top, middle, bottom] = Layout::vertical(rows).areas(area);
    let columns = [Constraint::Min(20), Constraint::Length(LIST)];
    let [left, right] = Layout::horizontal(columns).areas(middle);
    head(status, styles, top, buffer);
    let frame = |title: String| {
        Block::default()
            .borders(Borders::ALL)
            .border_style(styles.faint)
            .title(Line::styled(title, styles.title))
    };

    let mean = mean_return(status.mean_return);
    let block = frame(format!(" mean return {mean} "));
    let inside = block.inner(left);
    block.render(left, buffer);
    match status.returns.is_short() {
        true => Paragraph::new("no episode has ended yet").render(inside, buffer),
        false => status
            .returns
            .draw(inside, buffer, [styles.curve, styles.faint]),
    }

    let block = frame(" metrics ".into());
    let inside = block.inner(right);
    block.render(right, buffer);
    for (y, course) in (inside.top()..inside.bottom()).zip(&status.courses) {
        let name: String = course.name.chars().take(22).collect();
        let text = format!("{name:<22} {:>9} ", number(course.last));
        let (x, _) = buffer.set_stringn(inside.x, y, text, inside.width.into(), Style::default());
        let room = usize::from(inside.right() - x).min(COURSE);
        buffer.set_stringn(x, y, course.curve.blocks(room), room, styles.curve);
    }

    let block = frame(" log ".into());
    let inside = block.inner(bottom);
    block.render(bottom, buffer);
    let hidden = status.log.len().saturating_sub(inside.height.into());
    for (y, line) in (inside.top()..inside.bottom()).zip(status.log.iter().skip(hidden)) {
        buffer.set_stringn(inside.x, y, line, inside.width.into(), Style::default());
    }
}

/// Title and progress.
fn head(status: &Status, styles: Styles, area: Rect, buffer: &mut Buffer) {
    let [title, gauge] = Layout::vertical([Constraint::Length(1); 2]).areas(area);
    let counts = format!(
        "update {}  {} steps  {} episodes  {}/s ",
        status.updates,
        status.env_steps,
        status.episodes,
        short(status.rate)
    );
    Line::styled(format!(" {}", status.title), styles.title).render(title, buffer);
    Line::raw(counts).right_aligned().render(title, buffer);
    let [passed, left] = status.seconds;
    let left = match left.is_finite() {
        true => format!(", {} left", time(left)),
        false => String::new(),
    };
    let label = format!(
        " {:>3.0} %, {} passed{left}",
        100.0 * status.done,
        time(passed)
    );
    LineGauge::default()
        .ratio(status.done.clamp(0.0, 1.0))
        .filled_symbol(symbols::line::THICK_HORIZONTAL)
        .unfilled_symbol(symbols::line::HORIZONTAL)
        .filled_style(styles.curve)
        .unfilled_style(styles.faint)
        .label(label)
        .render(gauge, buffer);
}

/// A number in nine columns.
fn number(x: f64) -> String {
    match x.abs() {
        _ if x.is_nan() => "-".into(),
        0.0 => "0".into(),
        size if !(1e-4..1e6).contains(&size) => format!("{x:.2e}"),
        size if size < 1.0 => format!("{x:.5}"),
        size if size < 100.0 => format!("{x:.3}"),
        _ => format!("{x:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use rl_core::Metrics;

    use super::*;

    fn screen(columns: u16, rows: u16) -> Vec<String> {
        let mut status = Status {
            title: "cartpole by ppo, seed 3".into(),
            done: 0.25,
            mean_return: 123.4,
            seconds: [20.0, 60.0],
            ..Status::default()
        };
        for update in 0..50_u32 {
            status.env_steps = u64::from(update) * 2048;
            let mut metrics = Metrics::default();
            metrics.put("entropy", 0.7 - f64::from(update) / 100.0);
            metrics.put("value_loss", 1e7);
            status.take(&metrics);
            status
                .returns
                .push(f64::from(update) * 2048.0, f64::from(update));
        }
        for line in 1..=9 {
            status.log(format!("line {line}"));
        }
        let area = Rect::new(0, 0, columns, rows);
        let mut buffer = Buffer::empty(area);
        draw(&status, Styles::new(false), area, &mut buffer);
        let line = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect();
        (0..rows).map(line).collect()
    }

    #[test]
    fn the_screen_shows_curve_metrics_time_left_and_the_last_lines_of_the_log() {
        let text = screen(100, 24).join("\n");
        for word in [
            "cartpole by ppo, seed 3",
            "25 %, 20 s passed, 1:00 left",
            "mean return 123.4",
            "entropy                  0.21000 █",
            "value_loss                1.00e7 ",
            "line 9",
            "100k steps",
        ] {
            assert!(text.contains(word), "'{word}' is not in:\n{text}");
        }
        assert!(!text.contains("line 4"), "{text}");
    }

    #[test]
    fn a_screen_of_any_size_is_drawn() {
        for columns in [1, 5, 30, 80, 300] {
            for rows in [1, 3, 9, 24, 100] {
                assert_eq!(screen(columns, rows).len(), usize::from(rows));
            }
        }
    }
}

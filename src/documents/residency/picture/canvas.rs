//! Boxes and arrows, one below the other. Every text is written by others, so none is written as it comes.

use std::fmt::Write as _;

use super::words::Tongue;
use crate::mission::is_invisible;

/// Narrow enough for a telephone held upright.
const WIDTH: u32 = 400;
const MARGIN: u32 = 16;
/// Where what is said of a label begins.
const VALUE_AT: u32 = 150;
const LINE: u32 = 20;
/// Characters that fit beside a label, and on a line of their own.
const MOST_VALUE: usize = 32;
const MOST_LABEL: usize = 18;
const MOST_HEADING: usize = 44;

const STYLE: &str = "\
    .page{fill:#fff}.plain{fill:#f4f6f8;stroke:#5b6673}.sealed{fill:#e6eef8;stroke:#2f6096}\
    .keys{fill:#fbf0df;stroke:#9a6414}.alarm{fill:#fbe4e4;stroke:#a32020}text{fill:#1c2530;font-size:13px}\
    .strong{font-weight:600;font-size:15px}.label{fill:#46515e}.arrow{stroke:#46515e;stroke-width:2;fill:none}\
    tspan{unicode-bidi:isolate}\
    @media (prefers-color-scheme:dark){.page{fill:#14191f}.plain{fill:#1e252d;stroke:#8a96a4}\
    .sealed{fill:#172a40;stroke:#79acdf}.keys{fill:#37290f;stroke:#dca94f}.alarm{fill:#3d1717;stroke:#e08a8a}\
    text{fill:#e8edf2}.label{fill:#b3bdc8}.arrow{stroke:#b3bdc8}}";

/// What a box is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    Plain,
    Sealed,
    Keys,
    Alarm,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sealed => "sealed",
            Self::Keys => "keys",
            Self::Alarm => "alarm",
        }
    }
}

/// A picture that grows downwards.
pub(super) struct Canvas {
    head: String,
    drawn: String,
    /// The texts of the box that is open, drawn over it once its height is known.
    texts: String,
    look: Look,
    top: u32,
    y: u32,
}

impl Canvas {
    pub(super) fn new(tongue: Tongue, title: &str, says: &str) -> Self {
        let head = format!(
            "role=\"img\" lang=\"{}\" font-family=\"system-ui, 'Liberation Sans', Arial, sans-serif\">\
             <title>{}</title><desc>{}</desc><style>{STYLE}</style>",
            tongue.tag(),
            escaped(title, usize::MAX),
            escaped(says, usize::MAX),
        );
        let (drawn, texts) = (String::new(), String::new());
        Self { head, drawn, texts, look: Look::Plain, top: 0, y: MARGIN }
    }

    pub(super) fn heading(&mut self, strong: &str, below: &str) {
        self.y += LINE;
        let (y, below_y) = (self.y, self.y + LINE);
        let (strong, below) = (escaped(strong, MOST_HEADING), escaped(below, MOST_HEADING));
        let _ = write!(
            self.drawn,
            "<text class=\"strong\" x=\"{MARGIN}\" y=\"{y}\"><tspan>{strong}</tspan></text>\
             <text class=\"label\" x=\"{MARGIN}\" y=\"{below_y}\"><tspan>{below}</tspan></text>"
        );
        self.y = below_y + MARGIN;
    }

    /// A box begins, with what it is.
    pub(super) fn opens(&mut self, look: Look, title: &str) {
        (self.look, self.top) = (look, self.y);
        self.y += LINE + 4;
        let (x, y, title) = (MARGIN * 2, self.y, escaped(title, MOST_HEADING));
        let _ = write!(
            self.texts,
            "<text class=\"strong\" x=\"{x}\" y=\"{y}\"><tspan>{title}</tspan></text>"
        );
    }

    /// A line of the box: a word of ours, and what is said.
    pub(super) fn line(&mut self, label: &str, value: &str) {
        self.y += LINE;
        let (x, y) = (MARGIN * 2, self.y);
        let (label, value) = (escaped(label, MOST_LABEL), escaped(value, MOST_VALUE));
        let _ = write!(
            self.texts,
            "<text class=\"label\" x=\"{x}\" y=\"{y}\"><tspan>{label}</tspan></text>\
             <text x=\"{VALUE_AT}\" y=\"{y}\"><tspan>{value}</tspan></text>"
        );
    }

    /// A line of the box with how it is known, for which there is always room.
    pub(super) fn known(&mut self, label: &str, value: &str, basis: &str) {
        let room = MOST_VALUE.saturating_sub(basis.chars().count() + 4);
        let mut cut: String = value.chars().take(room).collect();
        if value.chars().nth(room).is_some() {
            cut.push('…');
        }
        self.line(label, &format!("{cut} · {basis}"));
    }

    pub(super) fn closes(&mut self) {
        self.y += MARGIN;
        let (class, top, width) = (self.look.class(), self.top, WIDTH - 2 * MARGIN);
        let height = self.y - top;
        let _ = write!(
            self.drawn,
            "<rect class=\"{class}\" x=\"{MARGIN}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
        );
        self.drawn.push_str(&std::mem::take(&mut self.texts));
        self.y += MARGIN;
    }

    /// An arrow to the next box, and what it means.
    pub(super) fn arrow(&mut self, means: &str) {
        let (x, top) = (WIDTH / 8, self.y - MARGIN);
        let end = top + 2 * LINE;
        let (word_x, word_y, means) = (x + MARGIN, top + LINE + 5, escaped(means, MOST_HEADING));
        let (left, right, barb) = (x - 5, x + 5, end - 8);
        let _ = write!(
            self.drawn,
            "<path class=\"arrow\" d=\"M{x} {top} V{end} M{left} {barb} L{x} {end} L{right} {barb}\"/>\
             <text class=\"label\" x=\"{word_x}\" y=\"{word_y}\"><tspan>{means}</tspan></text>"
        );
        self.y = end;
    }

    /// What the next box is, to which nothing leads from the one above.
    pub(super) fn beside(&mut self, means: &str) {
        let (x, y, means) = (MARGIN * 2, self.y + 5, escaped(means, MOST_HEADING));
        let _ = write!(
            self.drawn,
            "<text class=\"label\" x=\"{x}\" y=\"{y}\"><tspan>{means}</tspan></text>"
        );
        self.y += MARGIN;
    }

    pub(super) fn finish(self) -> String {
        let Self { head, drawn, y, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" \
             {head}<rect class=\"page\" width=\"{WIDTH}\" height=\"{y}\"/>{drawn}</svg>\n"
        )
    }
}

/// `text` cut to `most` characters, as XML may hold it: nothing that ends the text, commands, hides or turns the writing.
fn escaped(text: &str, most: usize) -> String {
    let mut written = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count >= most {
            written.push('…');
            break;
        }
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            c if is_invisible(c) => written.push('\u{fffd}'),
            c => written.push(c),
        }
    }
    written
}

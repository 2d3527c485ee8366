//! Colours. Words carry the meaning and colours repeat it.

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum When {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise
    #[default]
    Auto,
    /// Also into a file or a pipe
    Always,
    /// Not at all
    Never,
}

/// Whether the output has colours.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct ColourArgs {
    /// When to colour the output; `NO_COLOR` and `CLICOLOR_FORCE` hold too
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: When,
}

impl ColourArgs {
    /// Makes the choice hold for all that is printed from now on.
    pub fn apply(self) {
        let choice = match self.color {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// What a word says of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    #[default]
    Plain,
    /// It is as it should be.
    Good,
    /// It may mend by itself, or is held on purpose.
    Waiting,
    /// Somebody has to act.
    Bad,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Waiting => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// Returns a text in the colour of a tone. The writers take the colour out again where none is wanted.
pub fn paint(text: &str, tone: Tone) -> String {
    match tone {
        Tone::Plain => text.to_owned(),
        tone => format!("{style}{text}{style:#}", style = tone.style()),
    }
}

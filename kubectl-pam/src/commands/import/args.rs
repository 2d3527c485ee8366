//! The arguments of `kubectl pam import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::filter::Filter;
use crate::connection::ConnectionArgs;
use crate::output::Format;

/// The forms of the summary for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SummaryForm {
    /// JSON
    Json,
    /// YAML
    Yaml,
}

impl From<SummaryForm> for Format {
    fn from(form: SummaryForm) -> Self {
        match form {
            SummaryForm::Json => Self::Json,
            SummaryForm::Yaml => Self::Yaml,
        }
    }
}

/// Write manifests for the records of a vault that no object claims
///
/// For each record a PamCredential that adopts it, and a Secret without a value. Applied, they send nothing to the PAM until a
/// Secret holds a value. The list alone is read, which shows no value. Another run writes what is new, and changes no file that
/// was edited.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// Only records that fit, such as hostname=db*.example.com or type!=Domain*; all filters must fit. Fields: id, identifier,
    /// username, hostname, ip, type
    #[arg(long = "filter", value_name = "FIELD=PATTERN")]
    pub filters: Vec<Filter>,
    /// Write one file for each record into this directory; without it all goes to standard output
    #[arg(short = 'o', long = "output-dir", value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Write files again that were edited
    #[arg(long, requires = "directory")]
    pub overwrite: bool,
    /// Print what was done in this form to standard output, with all that the text says, instead of the text
    #[arg(long, value_enum, value_name = "FORM", requires = "directory")]
    pub summary: Option<SummaryForm>,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

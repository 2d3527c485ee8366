//! `kubectl pam version`.

use clap::Args;
use serde::Serialize;

use crate::exit::Failure;
use crate::output::{Document, Format, print_document};

/// Print the version of this plugin
#[derive(Args, Clone, Debug)]
pub struct VersionArgs {
    /// Form of the output
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORM")]
    output: Option<Format>,
}

/// The version of the plugin.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Version {
    /// The version, such as `0.1.0`.
    version: &'static str,
}

/// Prints the version.
pub fn run(args: &VersionArgs) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    print_document(args.output, &Document::new("Version", Version { version }), &format!("v{version}\n"))
}

//! Writes what goes beside a release: the CA certificates of the image, the licence texts of what is compiled into a program,
//! the bill of materials (`CycloneDX`) and the provenance (in-toto, SLSA).
//!
//! Everything is made from `Cargo.lock`, the sources that cargo has, and the arguments, so that two runs write the same bytes.

mod authorities;
mod crates;
mod digest;
mod layout;
mod notices;
mod provenance;
mod sbom;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::crates::Program;

/// Writes one document to standard output.
#[derive(Parser)]
#[command(name = "release-documents", version)]
struct Cli {
    /// The checkout that is released.
    #[arg(long, global = true, default_value = ".")]
    checkout: PathBuf,
    #[command(subcommand)]
    document: Document,
}

#[derive(Subcommand)]
enum Document {
    /// Mozilla's certificates of CAs, in PEM.
    CaCertificates,
    /// The licence texts of the crates in a program.
    Licences(Of),
    /// The bill of materials of a program: `CycloneDX` 1.6, JSON.
    Sbom(SbomArgs),
    /// The digests of an image's layers in an OCI layout.
    Layers {
        /// The folder with `index.json`.
        layout: PathBuf,
        /// The architecture as images call it.
        architecture: String,
    },
    /// Where files come from: an in-toto statement with the predicate SLSA provenance 1.
    Provenance(provenance::Build),
}

/// Names a program.
#[derive(Args)]
struct Of {
    /// The package that the program is built from.
    #[arg(long)]
    package: String,
    /// What the program is built for, e.g. `x86_64-unknown-linux-musl`.
    #[arg(long)]
    target: String,
}

#[derive(Args)]
struct SbomArgs {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    about: sbom::About,
}

fn main() -> Result<()> {
    let Cli { checkout, document } = Cli::parse();
    let program = |of: &Of| Program::read(&checkout, &of.package, &of.target);
    let text = match document {
        Document::CaCertificates => authorities::pem(),
        Document::Licences(of) => notices::text(&program(&of)?)?,
        Document::Sbom(SbomArgs { of, about }) => json(&sbom::document(&program(&of)?, &about)?)?,
        Document::Layers { layout, architecture } => layout::layers(&layout, &architecture)?,
        Document::Provenance(build) => json(&provenance::statement(&checkout, &build)?)?,
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn json(document: &serde_json::Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

//! faxflow: what happened to a fax, out of a capture.
//!
//! Layers, each knowing only those to its left:
//!
//! ```text
//! capture → sip | t38 | t30 | rtp → call (the model) → hint → view (pure rows) → tui | export
//! ```
//!
//! `docs/ARCHITECTURE.md` follows one packet from the file to the screen.

mod analysis;
#[doc(hidden)]
pub mod api;
mod call;
mod capture;
mod cli;
mod compare;
mod export;
mod field;
mod file;
#[doc(hidden)]
pub mod fuzzing;
mod hint;
mod line;
mod page;
mod pbxconf;
mod pbxlog;
mod redact;
mod rtp;
mod run;
mod settings;
mod sip;
mod t30;
mod t38;
mod text;
mod tui;
mod uid;
mod view;
mod wire_enum;

pub use run::main;

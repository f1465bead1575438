//! faxflow: what happened to a fax, out of a capture.
//!
//! Layers, each knowing only those to its left:
//!
//! ```text
//! capture → sip | t38 | t30 | rtp → call (the model) → hint → view (pure rows) → tui | export
//! ```
//!
//! `docs/ARCHITECTURE.md` follows one packet from the file to the screen.

pub mod analysis;
pub mod call;
pub mod capture;
pub mod cli;
pub mod export;
pub mod field;
pub mod file;
#[doc(hidden)]
pub mod fuzzing;
pub mod hint;
pub mod line;
pub mod page;
pub mod rtp;
pub mod run;
pub mod sip;
pub mod t30;
pub mod t38;
pub mod text;
pub mod tui;
pub mod view;
mod wire_enum;

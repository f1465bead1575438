//! The pages themselves: T.4 and T.6 coded data in, rows of pixels and what is to be said of them out.
//!
//! Knows neither packets nor T.30: [`crate::call::pages`] puts the coded data together and says by the DCS how it
//! is coded.

pub mod bitmap;
pub mod decode;
pub mod facts;
pub mod layout;

pub use bitmap::Bitmap;
pub use facts::PageFacts;
pub use layout::{Coding, Layout, Resolution};

//! T.38: facsimile over IP. UDPTL, TCP/TPKT or RTP around IFP packets; out of them the signals of the line.

pub mod code;
pub mod ifp;
pub mod per;
pub mod stats;
pub mod stream;
pub mod tpkt;
pub mod udptl;

pub use code::{DataType, FieldType, Indicator};

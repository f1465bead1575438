//! What the integration tests and the benches use of the layers, and nothing else does: a facade, not an API to build on.
//!
//! Whatever is not named here (or in `fuzzing`, or used by the binary) is private to the crate, so that the compiler
//! reports what nothing uses. A test that needs more adds it here.

pub mod analysis {
    pub use crate::analysis::{Analysed, Options};
    pub mod reading {
        pub use crate::analysis::reading::Analysis;
    }
}
pub mod call {
    pub use crate::call::{Call, EventKind, FaultSide, Fax, FaxCarrier, Side, Verdict};
    pub mod index {
        pub use crate::call::index::MAX_MESSAGES;
    }
    pub mod pages {
        pub use crate::call::pages::CodedPage;
    }
    pub mod transaction {
        pub use crate::call::transaction::MAX_TRANSACTIONS;
    }
}
pub mod capture {
    pub use crate::capture::{Endpoint, FrameNo, Note, Timestamp};
    pub mod merge {
        pub use crate::capture::merge::Inputs;
    }
    pub mod packet {
        pub use crate::capture::packet::Decoder;
    }
    pub mod reader {
        pub use crate::capture::reader::Reader;
    }
}
pub mod export {
    pub use crate::export::{Format, Options, check, flow};
}
pub mod hint {
    pub use crate::hint::{Hint, Severity, Site, before_suppression, rules};
}
pub mod line {
    pub use crate::line::{Fcs, Modem, SignalKind, Tone};
}
pub mod page {
    pub use crate::page::Bitmap;
}
pub mod pbxlog {
    pub use crate::pbxlog::Given;
}
pub mod rtp {
    pub use crate::rtp::{RtpArrival, fax, header, sniff, stream};
    pub mod g711 {
        pub use crate::rtp::g711::Law;
    }
}
pub mod sip {
    pub mod scan {
        pub use crate::sip::scan::scan;
    }
}
pub mod t30 {
    pub use crate::t30::{Fcf, frame};
    pub mod capability {
        pub use crate::t30::capability::BITS;
    }
}
pub mod t38 {
    pub use crate::t38::{DataType, FieldType, Indicator};
    pub mod stream {
        pub use crate::t38::stream::{Arrival, Assembled, Framing, assemble};
    }
    pub mod udptl {
        pub use crate::t38::udptl::{Plausibility, plausible};
    }
}
pub mod text {
    pub use crate::text::is_hostile;
}

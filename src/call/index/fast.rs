//! Fast paths of the index. Nothing here is needed to understand how a capture is indexed: [`super::Index::push`]
//! alone gives the same index, and tests (here and in `analysis::reading::ingest`) compare the two.
//!
//! | fast path | plain code it agrees with |
//! |---|---|
//! | [`rtp_fast_path`]: counts the next packet of a known RTP stream without decoding it | [`super::Index::push`] |
//! | [`recent_flows`]: the flow of a path, without hashing | [`super::Index::flow_of`] |
//! | [`rtp_locations`]: where the RTP of a flow lies in the file | a second pass over the whole capture |

pub(super) mod recent_flows;
pub(super) mod rtp_fast_path;
pub(super) mod rtp_locations;

//! shim
use crate::line::Modem;
/// shim
#[derive(Clone, Debug)]
pub struct DcsMode {
    /// m
    pub modem: Modem,
    /// e
    pub ecm: bool,
    /// c
    pub compression: &'static str,
    /// r
    pub resolution: &'static str,
}
impl DcsMode {
    /// shim
    pub fn from_fif(_: &[u8]) -> Self { Self { modem: Modem { name: "V.17", rate: 14400 }, ecm: false, compression: "MH", resolution: "204x98" } }
    /// shim
    pub fn with_ctc(&self, _: &[u8]) -> Self { self.clone() }
}

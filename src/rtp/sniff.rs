//! shim
/// shim
#[derive(Debug, Default)]
pub struct Suspicion {}
impl Suspicion {
    /// shim
    pub fn listen(&mut self, _: u8, _: &[u8]) {}
    /// shim
    pub fn may_be_fax(&self) -> bool { false }
}

package ledger

// Closed lists that are used in answers of a node, but not in records.
var (
	keyTypes = Enum{"key_types", []Value{value("EC", "椭圆曲线", "Elliptic curve")}}
	curves   = Enum{"curves", []Value{value("P-256", "P-256 曲线", "Curve P-256")}}

	errorCodes = Enum{"error_codes", []Value{
		value(NotFound, "没有找到", "Not found"),
		value(Conflict, "与现状不符", "Conflicts with what is recorded"),
		value(InvalidCode, "输入有误", "The input is wrong"),
		value(Forbidden, "不允许", "Not allowed"),
		value(Unavailable, "暂不可用", "Not available now"),
	}}
	proofKinds = Enum{"proof_kinds", []Value{
		value("tlog", "账本日志", "The ledger log"),
		value("fabric", "Fabric 区块", "Blocks of Fabric"),
	}}
	backends = Enum{"backends", []Value{
		value("embedded", "节点自有", "The node's own"),
		value("fabric", "多个节点共用", "Shared on Fabric"),
	}}
	stepProofs = Enum{"step_proofs", []Value{
		value("recorded", "已在账本上", "On the ledger"),
		value("anchored", "回执已锚定", "A receipt covered by an anchor"),
		value("logged", "回执尚未锚定", "A receipt not yet anchored"),
	}}
	// entryStatuses give the status of an entry on a day, while entryStates give
	// the recorded state.
	entryStatuses = Enum{"entry_statuses", []Value{
		value("active", "有效", "Active"),
		value("suspended", "已暂停", "Suspended"),
		value("expired", "已过期", "Expired"),
		value("cancelled", "已注销", "Cancelled"),
		value("revoked", "已撤销", "Revoked"),
	}}
	noticeStatuses = Enum{"notice_statuses", []Value{
		value("pending", "即将公示", "Not begun yet"),
		value("running", "公示中", "Running"),
		value("over", "公示期满", "Period over"),
		value("ended", "申请已办结", "Application ended"),
	}}
	applicationSteps = Enum{"application_steps", []Value{
		value("accept", "受理、退回或不予受理", "Accept, return or refuse"),
		value("resubmit", "补正后重新提交", "Resubmit"),
		value("examine", "形式审核", "Examine"),
		value("decide_objection", "处理异议", "Decide an objection"),
		value("code", "赋码", "Code"),
	}}
	lineKinds = Enum{"line_kinds", []Value{
		value("party", "归所列单位", "The named party has it"),
		value("license", "依所列授权", "By the named license"),
		value("list", "依多项授权", "By several licenses"),
		value("none", "无", "Nobody has it"),
	}}
)

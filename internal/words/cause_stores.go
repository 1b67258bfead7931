package words

// storeCauses are the errors of the stores of a node that an operator reads, as in causes.
var storeCauses = [][2]string{
	// ledger/embedded, internal/tlog
	{"open ledger: %w", "打开账本：%w"},
	{"ledger.db is damaged (%w): restore it from the newest backup", "ledger.db 已损坏（%w）：请从最新备份恢复"},
	{"the log %q is damaged (%w): restore the newest backup", "日志 %q 已损坏（%w）：请恢复最新备份"},
	{"the sum of the state does not match entry %d", "账本状态之和与第 %d 条所载不符"},
	{"the record %s is not what entry %d wrote", "记录 %s 与第 %d 条所写不符"},
	{"the record %s is missing", "缺少记录 %s"},
	{"entry %d can't be read: %w", "第 %d 条无法读取：%w"},
	{"the event of entry %d can't be read: %w", "第 %d 条的事件无法读取：%w"},
	{"the event and write set of entry %d can't be read: %w", "第 %d 条的事件与写入集无法读取：%w"},
	{"entry %d is missing", "缺少第 %d 条"},
	{"entry %d does not have the recorded hash", "第 %d 条的哈希与日志所载不符"},
	{"tile %d/%d is missing", "缺少区块 %d/%d"},
	{"tile %d/%d does not have the recorded hash", "区块 %d/%d 的哈希与日志所载不符"},
	{"it contains %d entries but its last signed checkpoint is missing", "共 %d 条，却没有最后签署的检查点"},
	{"its last signed checkpoint was not signed by the key of this log: %w", "最后的检查点不是由本日志的密钥签署的：%w"},
	{"its last signed checkpoint has another size or root than its row", "最后签署的检查点与其所在行的条数或根不符"},
	{"it contains %d entries but its tiles are those of another number", "共 %d 条，而其区块属于另一条数"},
	{"it contains %d entries but the last tile of level %d is that of another number: an entry or a tile is missing", "共 %d 条，而第 %d 层的最后区块属于另一条数：缺少条目或区块"},
	{"decompress: %w", "解压：%w"},

	// internal/sqldb
	{"%q is damaged (%w): restore it from a backup", "%q 已损坏（%w）：请从备份恢复"},
	{"%q is not an SQLite database (%w): restore it from a backup, or move it away if it was put there by mistake", "%q 不是 SQLite 数据库（%w）：请从备份恢复；如系误放，请移走"},
	{"row %d missing from index %s", "索引 %[2]s 缺少第 %[1]d 行"},
	{"wrong # of entries in index %s", "索引 %s 的行数有误"},
	{"it begins with other bytes", "开头的字节不同"},
	{"open %q: %w", "打开 %q：%w"},

	// marketplace/receipts
	{"open receipts: %w", "打开回执：%w"},
	{"check receipts: %w", "核对回执：%w"},
	{"%q is damaged (%w): restore the newest backup", "%q 已损坏（%w）：请恢复最新备份"},
	{"its log has %d receipts and its index %d", "其日志有 %d 份回执，索引有 %d 份"},
	{"the index of receipt %d is not what the receipt says", "第 %d 份回执的索引与回执所载不符"},
	{"the use of %s is not what its counters say", "%s 的用量与其各计数不符"},
	{"the counters of %s are not what its receipts say", "%s 的计数与其回执不符"},
	{"publish checkpoint of %d entries: %w", "发布 %d 条的检查点：%w"},
	{"store checkpoint: %w", "存储检查点：%w"},

	// marketplace/objects, internal/seal, internal/custody
	{"object %s: %w", "对象 %s：%w"},
	{"object is damaged: %w", "对象已损坏：%w"},
	{"object is damaged", "对象已损坏"},
	{"object does not exist: %w", "对象不存在：%w"},
	{"object does not exist", "对象不存在"},
	{"its data key does not open: %w", "其数据密钥无法打开：%w"},
	{"its content has another hash than its end says: %w", "其内容的哈希与末尾所载不符：%w"},
	{"part %d of %d is missing or cut short: %w", "第 %d 部分（共 %d 部分）缺失或被截短：%w"},
	{"sealed by master key %s, this is %s: %w", "由主密钥 %s 封存，而现用主密钥为 %s：%w"},
	{"load master key: %w", "读取主密钥：%w"},
	{"the key is not the one its first line names: %w", "密钥与其首行所载编号不符：%w"},
	{"open seal: not authentic for this context: %w", "打开封存：不是为此处封存的，或已被改动：%w"},
	{"open seal: %d bytes are too few: %w", "打开封存：只有 %d 字节：%w"},
	{"open seal: version %d is unknown: %w", "打开封存：版本 %d 未知：%w"},
	{"open seal: %w", "打开封存：%w"}, // the general form is the last
	{"key %s of party %s: %w", "单位 %[2]s 的密钥 %[1]s：%[3]w"},
	{"damaged", "已损坏"},

	// the system, SQLite and sio
	{"open %s: no such file or directory", "没有文件 %s"},
	{"stat %s: no such file or directory", "没有文件 %s"},
	{"%s: no such file or directory", "%s：没有此文件"},
	{"unexpected EOF", "提前结束"},
	{"attempt to write a readonly database (8)", "只读的数据库需要写入"},
	{"sio: authentication failed", "未通过加密校验"},
	{"sio: invalid payload size", "加密包的大小有误"},
	{"read node.json: %w", "读取 node.json：%w"},
	{"stat: %w", "%w"},
}

package ledger

// enums lists all closed lists that a form can name.
var enums = []Enum{
	roles, rights, natures, levels, piStatuses, partyKinds, modes, purposeClasses, forms, domains, periodicities, formats, units,
	priceStatuses, shareTypes, openTypes, supplyModes, obtainings, catalogClasses, materialGroups, checks, refusalReasons,
	applicationKinds, subjectTypes, applicationStates, entryStates, licenseStates, productStates, contentStates, orderStates, selectionMethods,
	actions, keyUses, custodies, keyReasons, replaceReasons, gates, clocks, receiptKinds, flows, deliveryOutcomes,
	keyTypes, curves, errorCodes, proofKinds, backends, stepProofs, entryStatuses, noticeStatuses, applicationSteps, lineKinds,
}

// Closed lists of parties, keys and the ledger.
var (
	roles = Enum{"roles", []Value{
		value(RoleHolder, "数据持有单位", "Holder"),
		value(RoleRegistryBody, "登记机构", "Registry body"),
		value(RoleDataAuthority, "数据管理部门", "Data authority"),
		value(RoleGrantor, "授权主体", "Grantor"),
		value(RoleImplementer, "实施机构", "Implementer"),
		value(RoleOperator, "运营机构", "Operator"),
		value(RoleBuyer, "需求方", "Buyer"),
		value(RoleAssessor, "第三方专业服务机构", "Assessor"),
		value(RoleRegulator, "监管人员", "Regulator"),
		value(RolePlatform, "登记平台", "Platform"),
	}}
	partyKinds = Enum{"party_kinds", []Value{
		value(Organ, "党政机关", "Organ"),
		value(Institution, "事业单位", "Institution"),
		value(Utility, "公用企业", "Utility"),
		value(Enterprise, "企业", "Enterprise"),
		value(Central, "中央单位", "Central body"),
	}}
	keyUses = Enum{"key_uses", []Value{
		value(UseSign, "签名", "Signing calls"),
		value(UseAuth, "认证", "Tokens"),
	}}
	custodies = Enum{"custodies", []Value{
		value(CustodySelf, "自行保管", "Held by the party"),
		value(CustodyNode, "节点代管", "Held by the node"),
		value(CustodyBrowser, "浏览器保管", "Held by the party's browser"),
	}}
	keyReasons = Enum{"key_reasons", []Value{
		value("lost", "遗失", "Lost"),
		value("compromised", "泄露", "Compromised"),
		value("retired", "停用", "Retired"),
	}}
	replaceReasons = Enum{"replace_reasons", keyReasons.Values[:2]}
	gates          = Enum{"gates", []Value{
		value(GateStrict, "先登记后授权", "Registration first"),
		value(GateGrace, "过渡期", "Grace period"),
	}}
	clocks = Enum{"clocks", []Value{
		value(ClockSimulated, "模拟时钟", "Simulated"),
	}}
)

// Closed lists of data and resources.
var (
	levels = Enum{"levels", []Value{
		value(General, "一般数据", "General"),
		value(Important, "重要数据", "Important"),
		value(Core, "核心数据", "Core"),
	}}
	piStatuses = Enum{"pi_statuses", []Value{
		value(PINone, "不含个人信息", "No personal information"),
		value(PIAnonymized, "已匿名化", "Anonymized"),
		value(PIDeidentified, "已去标识化", "De-identified"),
		value(PIPersonal, "个人信息", "Personal"),
		value(PISensitive, "敏感个人信息", "Sensitive"),
	}}
	domains = Enum{"domains", []Value{
		value("population", "人口", "Population"),
		value("legal_person", "法人", "Legal persons"),
		value("economy", "经济运行", "Economy"),
		value("credit", "信用", "Credit"),
		value("business_env", "营商环境", "Business environment"),
		value("government_service", "政务服务", "Government services"),
		value("livelihood", "民生服务", "Livelihood"),
		value("culture_tourism", "文化旅游", "Culture and tourism"),
		value("public_safety", "公共安全", "Public safety"),
		value("city_governance", "城市治理", "City governance"),
		value("transport", "交通运输", "Transport"),
		value("ecology", "生态环境", "Ecology"),
		value("industry", "产业发展", "Industry"),
		value("health", "医疗健康", "Health"),
		value("other", "其他", "Other"),
	}}
	periodicities = Enum{"periodicities", []Value{
		value("realtime", "实时", "Real time"),
		value("hourly", "每小时", "Hourly"),
		value("daily", "每日", "Daily"),
		value("weekly", "每周", "Weekly"),
		value("monthly", "每月", "Monthly"),
		value("quarterly", "每季度", "Quarterly"),
		value("semiannual", "每半年", "Twice a year"),
		value("annual", "每年", "Yearly"),
		value("irregular", "不定期", "Irregular"),
		value("once", "一次性", "Once"),
	}}
	formats = Enum{"formats", []Value{
		value("database", "数据库", "Database"),
		value("csv", "CSV 文件", "CSV"),
		value("json", "JSON 文件", "JSON"),
		value("xml", "XML 文件", "XML"),
		value("xlsx", "电子表格", "Spreadsheet"),
		value("shp", "SHP 矢量文件", "Shapefile"),
		value("geojson", "GeoJSON 文件", "GeoJSON"),
		value("image", "图像", "Image"),
		value("video", "视频", "Video"),
		value("document", "文档", "Document"),
		value("api", "接口", "API"),
	}}
	shareTypes = Enum{"share_types", []Value{
		value("unconditional", "无条件共享", "Unconditional"),
		value("conditional", "有条件共享", "Conditional"),
		value("none", "不予共享", "Not shared"),
	}}
	openTypes = Enum{"open_types", []Value{
		value(OpenTypeOpen, "无条件开放", "Open"),
		value("conditional", "有条件开放", "Conditional"),
		value("closed", "不予开放", "Closed"),
	}}
	supplyModes = Enum{"supply_modes", []Value{
		value("share", "共享", "Sharing"),
		value("open", "开放", "Open data"),
		value(ModeAuthorized, "授权运营", "Authorized operation"),
	}}
	obtainings = Enum{"obtainings", []Value{
		value("own", "自行产生", "Own"),
		value(ObtainedShared, "共享取得", "Shared"),
		value("delegated", "委托取得", "Delegated"),
	}}
	catalogClasses = Enum{"catalog_classes", []Value{
		value("base", "基础信息资源", "Base"),
		value("theme", "主题信息资源", "Theme"),
		value("department", "部门信息资源", "Department"),
	}}
)

// Closed lists of registration.
var (
	materialGroups = Enum{"material_groups", []Value{
		value(MaterialSubject, "主体信息", "Who applies"),
		value(MaterialLawfulSource, "合法合规性来源", "Lawful source"),
		value(MaterialFacts, "数据资源情况", "Facts of the resource"),
		value(MaterialDeposit, "存证情况", "Deposit"),
		value(MaterialRisk, "安全风险评估", "Risk assessment"),
		value(MaterialInternalReview, "业务审核", "Internal review"),
	}}
	checks = Enum{"checks", []Value{
		value("complete", "材料齐全", "Complete"),
		value("consistent", "内容一致", "Consistent"),
		value("admissible", "符合登记条件", "Admissible"),
	}}
	refusalReasons = Enum{"refusal_reasons", []Value{
		value(ReasonIncomplete, "材料不齐全", "Incomplete"),
		value(ReasonNonconforming, "不符合形式要求", "Not in due form"),
		value(ReasonStateSecret, "涉及国家秘密或工作秘密", "State or work secret"),
		value(ReasonCoreData, "属于核心数据", "Core data"),
		value(ReasonSourceUnlawful, "来源不合法", "Unlawful source"),
		value(ReasonOwnership, "权属争议", "Ownership in dispute"),
		value(ReasonJurisdiction, "不属于本机构管辖", "Not within jurisdiction"),
		value(ReasonDuplicate, "重复登记", "Duplicate"),
	}}
	applicationKinds  = Enum{"application_kinds", []Value{value("initial", "首次登记", "Initial registration")}}
	subjectTypes      = Enum{"subject_types", []Value{value(KindResource, "数据资源", "Resource")}}
	applicationStates = Enum{"application_states", []Value{
		value(AppSubmitted, "已提交", "Submitted"),
		value(AppReturned, "已退回补正", "Returned"),
		value(AppNotAccepted, "不予受理", "Not accepted"),
		value(AppAccepted, "已受理", "Accepted"),
		value(AppExamFailed, "审核不通过", "Examination failed"),
		value(AppNoticed, "公示中", "In notice"),
		value(AppTerminated, "已终止", "Terminated"),
		value(AppCoded, "已赋码", "Coded"),
		value(AppWithdrawn, "已撤回", "Withdrawn"),
	}}
	entryStates = Enum{"entry_states", []Value{
		value(EntryActive, "有效", "Active"),
		value(EntryCancelled, "已注销", "Cancelled"),
		value(EntryRevoked, "已撤销", "Revoked"),
	}}
	rights = Enum{"rights", []Value{
		value(Hold, "持有权", "Hold"),
		value(Use, "加工使用权", "Use"),
		value(Operate, "产品经营权", "Operate"),
	}}
	natures = Enum{"natures", []Value{
		value(Registered, "登记确认", "Registered"),
		value(Authorized, "授权取得", "Authorized"),
		value(Contracted, "合同取得", "Contracted"),
	}}
)

// Closed lists of licenses, products, orders and deliveries.
var (
	modes = Enum{"modes", []Value{
		value(Whole, "整体授权", "Whole"),
		value(Domain, "分领域授权", "By domain"),
		value(Scenario, "依场景授权", "By scenario"),
	}}
	purposeClasses = Enum{"purpose_classes", []Value{
		value(Governance, "公共治理", "Public governance"),
		value(Welfare, "公益事业", "Public welfare"),
		value(Industry, "产业发展", "Industry"),
	}}
	actions = Enum{"actions", []Value{
		value("use", "使用", "Use"),
		value("derive", "加工", "Derive"),
		value("aggregate", "汇聚", "Aggregate"),
		value("distribute", "提供", "Distribute"),
	}}
	selectionMethods = Enum{"selection_methods", []Value{
		value("open_tender", "公开招标", "Open tender"),
		value("invited_tender", "邀请招标", "Invited tender"),
		value("negotiation", "谈判", "Negotiation"),
		value("other", "其他方式", "Other"),
	}}
	licenseStates = Enum{"license_states", []Value{
		value(LicenseOffered, "已要约", "Offered"),
		value(LicenseAccepted, "已接受", "Accepted"),
		value(LicenseTerminated, "已终止", "Terminated"),
		value(LicenseWithdrawn, "已撤回要约", "Withdrawn"),
		value(LicenseDeclined, "已谢绝", "Declined"),
	}}
	forms = Enum{"forms", []Value{
		value(FormAPI, "接口", "API"),
		value(FormDataset, "数据集", "Dataset"),
		value(FormReport, "报告", "Report"),
		value(FormStatistic, "统计结果", "Statistic"),
		value(FormModel, "模型", "Model"),
		value(FormVerify, "核验", "Verification"),
		value(FormSandbox, "沙箱", "Sandbox"),
		value(FormRaw, "原始数据", "Raw data"), // the form is known, but the contract refuses it: O21
	}}
	units = Enum{"units", []Value{
		value("item", "件", "Item"),
		value("call", "次", "Call"),
		value("day", "日", "Day"),
		value("month", "月", "Month"),
		value("year", "年", "Year"),
		value("row", "条", "Row"),
		value("mib", "MiB", "MiB"),
	}}
	priceStatuses = Enum{"price_statuses", []Value{value(PriceTrial, "试行价", "Trial price")}}
	productStates = Enum{"product_states", []Value{
		value(ProductListed, "已上架", "Listed"),
		value(ProductDelisted, "已下架", "Delisted"),
	}}
	contentStates = Enum{"content_states", []Value{
		value(ContentRecorded, "已登记", "Recorded"),
		value(ContentRemoved, "已撤下", "Removed"),
	}}
	orderStates = Enum{"order_states", []Value{
		value(OrderPlaced, "已下单", "Placed"),
		value(OrderAccepted, "已接受", "Accepted"),
		value(OrderActive, "履行中", "Active"),
		value(OrderFulfilled, "已完成", "Fulfilled"),
		value(OrderCancelled, "已取消", "Cancelled"),
		value(OrderRefunded, "已退款", "Refunded"),
		value(OrderBlocked, "已冻结", "Blocked"),
	}}
	receiptKinds = Enum{"receipt_kinds", []Value{
		value(ReceiptIngest, "入库", "Ingest"),
		value(ReceiptStart, "开始", "Start"),
		value(ReceiptEnd, "结束", "End"),
		value(ReceiptDenial, "拒绝", "Denial"),
		value(ReceiptRead, "查阅", "Read"),
	}}
	flows = Enum{"flows", []Value{
		value(Supply, "供给", "Supply"),
		value(Delivery, "交付", "Delivery"),
	}}
	deliveryOutcomes = Enum{"delivery_outcomes", []Value{
		value(Complete, "完整", "Complete"),
		value(Partial, "客户端中断", "Partial"),
		value(Aborted, "决定终止", "Aborted"),
		value(Interrupted, "节点中断", "Interrupted"),
	}}
)

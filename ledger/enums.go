package ledger

// Role is what a party may be (R3, R5, R6, O3).
type Role string

// The closed list of roles.
const (
	RoleHolder        Role = "holder"         // 数据持有单位
	RoleRegistryBody  Role = "registry_body"  // 登记机构
	RoleDataAuthority Role = "data_authority" // 数据管理部门
	RoleGrantor       Role = "grantor"        // 授权主体
	RoleImplementer   Role = "implementer"    // 实施机构
	RoleOperator      Role = "operator"       // 运营机构
	RoleBuyer         Role = "buyer"          // 需求方
	RoleAssessor      Role = "assessor"       // 第三方专业服务机构
	RoleRegulator     Role = "regulator"      // 监管人员
	RolePlatform      Role = "platform"       // 登记平台
)

// Roles is the closed list, in order.
func Roles() []Role { return list[Role](roles) }

// Right is one of the three rights that are registered (T: 持有权、使用权、经营权).
type Right string

// The three rights.
const (
	Hold    Right = "hold"    // 持有权
	Use     Right = "use"     // 加工使用权
	Operate Right = "operate" // 产品经营权
)

// Rights is the closed list, in order.
func Rights() []Right { return list[Right](rights) }

// Nature is how a right came about.
type Nature string

// The natures of a right.
const (
	Registered Nature = "registered" // by the registration of a resource
	Authorized Nature = "authorized" // by a license
	Contracted Nature = "contracted" // by an order
)

// Natures is the closed list, in order.
func Natures() []Nature { return list[Nature](natures) }

// Level is the protection class of data (DSL21; GB/T 43697-2024).
type Level string

// Levels, lowest first.
const (
	General   Level = "general"   // 一般
	Important Level = "important" // 重要
	Core      Level = "core"      // 核心
)

// Levels is the closed list, lowest first.
func Levels() []Level { return list[Level](levels) }

// PIStatus describes how the data relate to natural persons (PIPL4, 28, 73).
type PIStatus string

// States of personal information, the most harmless first.
const (
	PINone         PIStatus = "none"
	PIAnonymized   PIStatus = "anonymized"
	PIDeidentified PIStatus = "deidentified"
	PIPersonal     PIStatus = "personal"
	PISensitive    PIStatus = "sensitive"
)

// PIStatuses is the closed list, most harmless first.
func PIStatuses() []PIStatus { return list[PIStatus](piStatuses) }

// PartyKind is the nature of a party.
type PartyKind string

// Kinds of party. A central body registers with the national platform only (R6).
const (
	Organ       PartyKind = "organ"
	Institution PartyKind = "institution"
	Utility     PartyKind = "utility"
	Enterprise  PartyKind = "enterprise"
	Central     PartyKind = "central"
)

// PartyKinds is the closed list.
func PartyKinds() []PartyKind { return list[PartyKind](partyKinds) }

// Mode is how operation is authorized (O9(4)).
type Mode string

// Modes of authorization.
const (
	Whole    Mode = "whole"    // 整体授权
	Domain   Mode = "domain"   // 分领域授权
	Scenario Mode = "scenario" // 依场景授权
)

// Modes is the closed list.
func Modes() []Mode { return list[Mode](modes) }

// PurposeClass decides the price (P1): governance and welfare are free.
type PurposeClass string

// Classes of purpose.
const (
	Governance PurposeClass = "governance" // 公共治理
	Welfare    PurposeClass = "welfare"    // 公益事业
	Industry   PurposeClass = "industry"   // 产业发展
)

// PurposeClasses is the closed list.
func PurposeClasses() []PurposeClass { return list[PurposeClass](purposeClasses) }

// Form is the form in which a product is delivered.
type Form string

// Forms of a product.
const (
	FormAPI       Form = "api"
	FormDataset   Form = "dataset"
	FormReport    Form = "report"
	FormStatistic Form = "statistic"
	FormModel     Form = "model"
	FormVerify    Form = "verify"
	FormSandbox   Form = "sandbox"
	FormRaw       Form = "raw" // never a product: O21
)

// Forms is the closed list of the forms that a product may name. This release
// delivers dataset, report, statistic and model.
func Forms() []Form { return list[Form](Enum{Values: forms.Values[:len(forms.Values)-1]}) }

// Domains is the closed list of domains (ours, after work plan item X17).
func Domains() []string { return list[string](domains) }

// Periodicities is the closed list of dct:accrualPeriodicity.
func Periodicities() []string { return list[string](periodicities) }

// Formats is the closed list of dcat:mediaType that we name.
func Formats() []string { return list[string](formats) }

// Units is the closed list of units of price (P3).
func Units() []string { return list[string](units) }

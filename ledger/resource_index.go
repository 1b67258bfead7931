package ledger

// ResourceIndex is the record under resource/<id>: the holder, the latest
// application for the resource, and its entry once it is coded.
type ResourceIndex struct {
	ID          ID `json:"id" zh:"资源标识" en:"Resource id"`
	Holder      ID `json:"holder" zh:"数据持有单位" en:"Holder"`
	Application ID `json:"application" zh:"所属申请" en:"Application"`
	Entry       ID `json:"entry,omitempty" zh:"登记编号" en:"Entry"`
}

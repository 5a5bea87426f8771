import { open } from "./clients.mjs";
for (const k of ["sdk-1","client-2-legacy","client-2"]) {
  const c = await open(k, process.argv[2]);
  console.log(k, c.negotiated, c.wire.methods, c.tools.map(t=>[t.name, t.annotations, Object.keys(t)]));
  let t = await c.turn("sequential_questioning",{context:"Plan a trip", information_needed:{type:"object",properties:{
    people:{type:"integer",title:"Number of travellers",minimum:1,maximum:9},
    style:{type:"string",title:"Travel style",enum:["budget","comfort","luxury"]},
    visa:{type:"boolean",title:"Visa already granted"},
    departure:{type:"string",format:"date",title:"Departure date"},
    nights:{type:"integer",title:"Nights", minimum:1,maximum:30},
    destination:{type:"string",title:"Destination"},
    remarks:{type:"string",title:"Remarks"},
  },required:["people","style","visa","departure","nights","destination"]}, batch_size:2});
  console.log(JSON.stringify(t,null,1).slice(0,3000));
  for (const args of [{context:""},{context:5},{},{context:"x",batch_size:"3"},{context:"x",batch_size:99},{context:"x",information_needed:{type:"object"}},{context:"x",information_needed:7},{context:"x",wrong:1},{context:"x",previous_messages:[{role:"bot",content:"y"}]}])
    try { const r=await c.call("sequential_questioning",args); console.log(JSON.stringify(args), r.isError, r.content[0].text.slice(0,300), r._meta);} catch(e){console.log("THROWN",JSON.stringify(args),e.message)}
  for (const args of [{conversation_id:"nope"},{conversation_id:"0199aaaa-0000-7000-8000-000000000000"},{conversation_id:t.conversation_id,answers:[{question_number:1,outcome:"maybe"}]},
     {conversation_id:t.conversation_id,answers:[{question_number:99,value:1}]},{conversation_id:t.conversation_id,answers:[{slot:"style",value:"posh"}]},{conversation_id:t.conversation_id,answers:[{slot:"people",value:"many"}]},{conversation_id:t.conversation_id,answers:[{slot:"people",value:12}]},{conversation_id:t.conversation_id,answers:[{slot:"hat",value:12}]},{conversation_id:t.conversation_id,answers:[{question_id:"x",value:12}]},{conversation_id:t.conversation_id,answers:[{slot:"departure",value:"2026-02-31"}]},{conversation_id:t.conversation_id,answers:"yes"}])
    try { const r=await c.call("sequential_questioning_follow_up",args); console.log(JSON.stringify(args), r.isError, r.content[0].text.slice(0,300));} catch(e){console.log("THROWN",JSON.stringify(args),e.message)}
  for (const args of [{conversation_id:"nope"},{},{conversation_id:5}])
    try { const r=await c.call("sequential_questioning_report",args); console.log(JSON.stringify(args), r.isError, r.content[0].text.slice(0,300));} catch(e){console.log("THROWN",JSON.stringify(args),e.message)}
  try { console.log(await c.call("nope",{}))} catch(e) {console.log("nope", e.code, e.message)}
  await c.close();
}
